#include "engine/runtime/ngram_drafts.h"

#include <algorithm>

namespace redline::engine {
namespace {

constexpr size_t kLongestMatch = 4;
constexpr size_t kShortestMatch = 2;
constexpr size_t kMostTokens = 16'384;

// How many tokens that end before `end` are the last of all, up to kLongestMatch.
size_t MatchBefore(std::span<const TokenId> tokens, size_t end) {
  size_t length = 0;
  while (length < std::min(kLongestMatch, end) &&
         tokens[end - 1 - length] == tokens[tokens.size() - 1 - length])
    ++length;
  return length;
}

}  // namespace

std::vector<TokenId> NgramDrafts(std::span<const TokenId> tokens, int64_t max_drafts) {
  tokens = tokens.last(std::min(tokens.size(), kMostTokens));
  size_t longest = kShortestMatch - 1;
  size_t found = 0;  // where what follows the match begins
  for (size_t end = tokens.size(); end-- > 1 && longest < kLongestMatch;) {
    if (tokens[end - 1] != tokens.back()) continue;
    const size_t length = MatchBefore(tokens, end);
    if (length <= longest) continue;
    longest = length;
    found = end;
  }
  std::vector<TokenId> drafts;
  if (found == 0) return drafts;
  for (size_t at = found; static_cast<int64_t>(drafts.size()) < max_drafts; ++at)
    drafts.push_back(at < tokens.size() ? tokens[at] : drafts[at - tokens.size()]);
  return drafts;
}

}  // namespace redline::engine
