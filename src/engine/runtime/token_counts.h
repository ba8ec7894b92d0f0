// How often each token occurs in one request, for penalties. Owner: the engine thread.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "engine/tensor.h"

namespace redline::engine {

class TokenCounts {
 public:
  void AddPrompt(std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) in_output_.try_emplace(token, 0);
  }
  void AddOutput(TokenId token) { ++in_output_[token]; }
  // Every token of prompt and answer, with the number of times it occurs in the answer.
  const std::unordered_map<TokenId, int64_t>& in_output() const { return in_output_; }

 private:
  std::unordered_map<TokenId, int64_t> in_output_;
};

}  // namespace redline::engine
