#include "workload/id_prompt_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "net/json_body.h"

namespace redline::workload {
namespace {

constexpr int64_t kMaxId = int64_t{1} << 31;
constexpr size_t kMaxIdChars = 11;  // ten digits and a comma

}  // namespace

Result<IdRange> DefaultIdRange(int64_t vocab_size) {
  constexpr int64_t kMinVocabSize = 16;
  if (vocab_size < kMinVocabSize || vocab_size > kMaxId)
    return InvalidArgument(
        fmt::format("\"vocab_size\" is {}; expected {} to {}", vocab_size, kMinVocabSize, kMaxId),
        "vocab_size");
  return IdRange{std::min<int64_t>(512, vocab_size / 8),
                 vocab_size - std::max<int64_t>(1, vocab_size / 32)};
}

Result<std::unique_ptr<IdPromptWriter>> IdPromptWriter::Make(const IdRange& range) {
  if (range.first_id < 0 || range.end_id <= range.first_id || range.end_id > kMaxId)
    return InvalidArgument(fmt::format("token ids from {} up to {} are no range within 0 to {}",
                                       range.first_id, range.end_id, kMaxId));
  return std::unique_ptr<IdPromptWriter>(new IdPromptWriter(range));
}

void IdPromptWriter::AppendJson(const RequestPlan& plan, size_t index, std::string& json) const {
  const std::string text = plan.TextOf(index);
  if (!text.empty()) return net::AppendJsonString(json, text);
  thread_local std::vector<uint32_t> numbers;
  numbers.clear();
  plan.AppendPromptNumbers(index, numbers);
  const size_t begin = json.size();
  json.resize(begin + numbers.size() * kMaxIdChars + 2);
  char* to = json.data() + begin;
  char* const end = json.data() + json.size();
  *to++ = '[';
  const auto first_id = static_cast<uint64_t>(range_.first_id);
  const uint64_t num_ids = static_cast<uint64_t>(range_.end_id) - first_id;
  for (const uint32_t number : numbers) {
    const auto id = static_cast<uint32_t>(first_id + ((number * num_ids) >> 32));
    to = std::to_chars(to, end, id).ptr;
    *to++ = ',';
  }
  if (!numbers.empty()) --to;
  *to++ = ']';
  json.resize(static_cast<size_t>(to - json.data()));
}

}  // namespace redline::workload
