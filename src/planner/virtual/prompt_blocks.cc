#include "planner/virtual/prompt_blocks.h"

#include <algorithm>
#include <string>

#include "workload/random.h"

namespace redline::planner {
namespace {

constexpr int64_t kBlockTokens = 16;
constexpr int64_t kBytesPerToken = 4;
// The highest bit is for what stands for answers (virtual_engine.cc).
constexpr uint64_t kKeyBits = (uint64_t{1} << 63) - 1;

template <typename Unit>
uint64_t KeyAfter(uint64_t key, std::span<const Unit> block) {
  for (const Unit unit : block) key = workload::Mix(key ^ static_cast<uint64_t>(unit));
  return key;
}

// `units_per_token` of the prompt's units are a token; the last one may be a part of that.
template <typename Unit>
PromptBlocks BlocksOf(std::span<const Unit> prompt, int64_t units_per_token) {
  PromptBlocks blocks;
  const auto block_units = static_cast<size_t>(kBlockTokens * units_per_token);
  uint64_t key = static_cast<uint64_t>(units_per_token);
  for (size_t begin = 0; begin < prompt.size(); begin += block_units) {
    const auto block = prompt.subspan(begin, std::min(block_units, prompt.size() - begin));
    key = KeyAfter(key, block);
    const int64_t num_tokens =
        (static_cast<int64_t>(block.size()) + units_per_token - 1) / units_per_token;
    blocks.pieces.push_back({key & kKeyBits, num_tokens});
    blocks.num_tokens += num_tokens;
  }
  if (blocks.num_tokens == 0) {
    blocks.pieces.push_back({key & kKeyBits, 1});
    blocks.num_tokens = 1;  // what every prompt begins with
  }
  return blocks;
}

}  // namespace

PromptBlocks BlocksOfIds(std::span<const int32_t> ids) { return BlocksOf(ids, 1); }

PromptBlocks BlocksOfText(std::string_view text) {
  return BlocksOf(std::span<const char>(text.data(), text.size()), kBytesPerToken);
}

PromptBlocks BlocksOfMessages(const std::vector<openai::ChatMessage>& messages) {
  std::string text;
  for (const openai::ChatMessage& message : messages) {
    text.append(openai::NameOf(message.role)).append(": ").append(message.content).append("\n");
  }
  return BlocksOfText(text);
}

}  // namespace redline::planner
