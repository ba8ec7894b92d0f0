#include "workload/prompt_content.h"

#include <cstddef>

#include "workload/random.h"

namespace redline::workload {

void AppendNumbers(const PromptPiece& piece, std::vector<uint32_t>& numbers) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15;
  if (piece.num_tokens <= 0) return;
  const size_t begin = numbers.size();
  const auto count = static_cast<size_t>(piece.num_tokens);
  numbers.resize(begin + count);
  uint32_t* to = numbers.data() + begin;
  uint64_t state = piece.key;
  for (size_t index = 0; index + 1 < count; index += 2) {
    const uint64_t pair = Mix(state += kStep);
    to[index] = static_cast<uint32_t>(pair);
    to[index + 1] = static_cast<uint32_t>(pair >> 32);
  }
  if (count % 2 == 1) to[count - 1] = static_cast<uint32_t>(Mix(state + kStep));
}

}  // namespace redline::workload
