// What a prompt is made of: pieces whose numbers are a function of their key, so that prompts which
// share a piece are alike there. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace redline::workload {

struct PromptPiece {
  uint64_t key = 0;
  int64_t num_tokens = 0;
};

// The first `num_tokens` numbers of the piece.
void AppendNumbers(const PromptPiece& piece, std::vector<uint32_t>& numbers);

}  // namespace redline::workload
