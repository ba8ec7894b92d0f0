#include "engine/runtime/ngram_drafts.h"

#include <gtest/gtest.h>

namespace redline::engine {
namespace {

using Tokens = std::vector<TokenId>;

TEST(NgramDrafts, AreWhatFollowedTheSameWords) {
  struct Case {
    const char* name;
    Tokens tokens;
    int64_t max_drafts;
    Tokens expected;
  };
  const Case cases[] = {
      {"nothing", {}, 4, {}},
      {"one token", {7}, 4, {}},
      {"no repetition", {1, 2, 3, 4, 5}, 4, {}},
      {"one token alone is too little", {9, 1, 5, 9}, 4, {}},
      {"two tokens", {1, 2, 3, 4, 5, 1, 2}, 3, {3, 4, 5}},
      {"as many as are wanted", {1, 2, 3, 4, 5, 1, 2}, 1, {3}},
      {"none wanted", {1, 2, 3, 1, 2}, 0, {}},
      {"the latest of equals", {1, 2, 3, 1, 2, 4, 1, 2}, 1, {4}},
      {"the longer match before the later", {6, 1, 2, 3, 8, 1, 2, 4, 6, 1, 2}, 1, {3}},
      {"no more than four count",
       {5, 6, 1, 2, 3, 4, 7, 9, 1, 2, 3, 4, 8, 5, 6, 1, 2, 3, 4},
       1,
       {8}},
      {"what repeats goes on", {3, 1, 2, 1, 2}, 5, {1, 2, 1, 2, 1}},
      {"the same token goes on", {5, 5, 5}, 3, {5, 5, 5}},
      {"from the first token on", {1, 2, 1, 2}, 2, {1, 2}},
  };
  for (const Case& each : cases)
    EXPECT_EQ(NgramDrafts(each.tokens, each.max_drafts), each.expected) << each.name;
}

TEST(NgramDrafts, LookBackOnlySoFar) {
  for (const size_t between : {16'000u, 17'000u}) {
    Tokens tokens = {1, 2, 3};
    for (size_t i = 0; i < between; ++i) tokens.push_back(static_cast<TokenId>(10 + i));
    tokens.insert(tokens.end(), {1, 2});
    EXPECT_EQ(NgramDrafts(tokens, 1), between < 16'384 ? Tokens{3} : Tokens{});
  }
}

}  // namespace
}  // namespace redline::engine
