// SentencePiece's BPE merge on one stretch of text: O(n log n) in its length.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace redline::text {

struct ScoredToken {
  TokenId id;
  float score;
};
// The token spelt like this, or nullptr.
using FindToken = std::function<const ScoredToken*(std::string_view)>;

// Splits valid UTF-8 into characters and joins neighbours, the highest score first and the leftmost
// among equals, until no union is a token. Returns the pieces in order, as views into `text`.
std::vector<std::string_view> MergeByScore(std::string_view text, const FindToken& find);

}  // namespace redline::text
