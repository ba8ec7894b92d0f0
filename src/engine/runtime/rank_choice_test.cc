#include "engine/runtime/rank_choice.h"

#include <gtest/gtest.h>

#include <numeric>

namespace redline::engine {
namespace {

constexpr int64_t kPageSize = 4;

std::vector<TokenId> Prompt(TokenId first, size_t num_tokens) {
  std::vector<TokenId> tokens(num_tokens);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

class RankChoiceTest : public ::testing::Test {
 protected:
  size_t Choose(const std::vector<TokenId>& prompt, std::vector<int64_t> loads,
                std::string_view salt = "") {
    return choice_.Choose(salt, prompt, loads, serial_++);
  }
  // Has the prompt sent to `rank`.
  void Send(const std::vector<TokenId>& prompt, size_t rank) {
    std::vector<int64_t> loads(3, 100);
    loads[rank] = 0;
    ASSERT_EQ(Choose(prompt, loads), rank);
  }

  RankChoice choice_{kPageSize, 1 << 18};  // so large that two pages never share an entry
  uint64_t serial_ = 0;
};

TEST_F(RankChoiceTest, PromptsThatNobodyKnowsGoToTheLeastLoadedInTurns) {
  EXPECT_EQ(Choose(Prompt(0, 20), {2, 1, 3}), 1u);
  serial_ = 0;
  for (TokenId index = 0; index < 6; ++index)
    EXPECT_EQ(Choose(Prompt(1000 * (index + 1), 20), {0, 0, 0}), static_cast<size_t>(index) % 3);
}

TEST_F(RankChoiceTest, WhatIsCachedAttractsUntilItsRankIsClearlyBusier) {
  const std::vector<TokenId> known = Prompt(0, 21);
  Send(known, 2);
  struct Case {
    std::vector<TokenId> prompt;
    std::vector<int64_t> loads;
    size_t rank;
  };
  const Case cases[] = {
      {known, {0, 0, 0}, 2},         {known, {0, 0, 1}, 2},
      {known, {10, 10, 15}, 2},      {Prompt(0, 40), {0, 0, 0}, 2},  // goes on
      {Prompt(0, 12), {1, 1, 1}, 2},                                 // ends earlier
  };
  for (const Case& c : cases) EXPECT_EQ(Choose(c.prompt, c.loads), c.rank) << c.prompt.size();
  EXPECT_EQ(Choose(known, {10, 11, 16}), 0u);
  // Now two ranks have it.
  EXPECT_EQ(Choose(known, {4, 4, 3}), 2u);
  EXPECT_EQ(Choose(known, {3, 2, 4}), 0u);
}

TEST_F(RankChoiceTest, AShortCommonBeginningDoesNot) {
  Send(Prompt(0, 9), 2);
  std::vector<TokenId> longer = Prompt(0, 8);
  for (TokenId token : Prompt(500, 40)) longer.push_back(token);
  EXPECT_EQ(Choose(longer, {0, 1, 1}), 0u);
}

TEST_F(RankChoiceTest, OtherSaltsDoNotAttract) {
  Send(Prompt(0, 21), 2);
  EXPECT_EQ(Choose(Prompt(0, 21), {0, 1, 1}, "tenant"), 0u);
}

TEST_F(RankChoiceTest, PagesNotFullDoNotCount) {
  Send(Prompt(0, 4), 2);  // its last token is always computed
  EXPECT_EQ(Choose(Prompt(0, 4), {0, 1, 1}), 0u);
}

TEST_F(RankChoiceTest, WithoutACacheOnlyTheLoadCounts) {
  RankChoice without(kPageSize, 0);
  const auto prompt = Prompt(0, 21);
  EXPECT_EQ(without.Choose("", prompt, std::vector<int64_t>{5, 0}, 0), 1u);
  EXPECT_EQ(without.Choose("", prompt, std::vector<int64_t>{0, 1}, 0), 0u);
}

TEST_F(RankChoiceTest, FewEntriesForMuchMoreThanTheyHold) {
  RankChoice small(kPageSize, 2);
  for (TokenId index = 0; index < 100; ++index) {
    const size_t rank =
        small.Choose("", Prompt(index * 100, 99), std::vector<int64_t>{0, 0}, index);
    EXPECT_LT(rank, 2u);
  }
}

}  // namespace
}  // namespace redline::engine
