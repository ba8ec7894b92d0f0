#include "planner/simulate/decode_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "workload/random.h"

namespace redline::planner {
namespace {

using ::testing::ElementsAreArray;

TEST(DecodeBatch, YieldsTheAcceptanceLengthOnAverage) {
  const struct {
    double acceptance_length;
    std::vector<int64_t> yields;
  } kCases[] = {
      {1, {1, 1, 1, 1}}, {1.5, {1, 2, 1, 2, 1, 2}},        {2.5, {2, 3, 2, 3}},
      {3, {3, 3, 3}},    {1.25, {1, 1, 1, 2, 1, 1, 1, 2}},
  };
  for (const auto& c : kCases) {
    DecodeBatch batch(1, 3, c.acceptance_length);
    std::vector<int64_t> yields;
    for (size_t step = 0; step < c.yields.size(); ++step) {
      yields.push_back(batch.NextYield());
      batch.Advance();
    }
    EXPECT_THAT(yields, ElementsAreArray(c.yields)) << c.acceptance_length;
  }
}

TEST(DecodeBatch, EndsInOrderAndForgetsTheRemoved) {
  DecodeBatch batch(1, 0, 1);
  const auto first = batch.Add(7, 10, 2);
  const auto second = batch.Add(8, 20, 1);
  const auto third = batch.Add(9, 30, 1);
  EXPECT_EQ(batch.context_tokens(), 60);
  batch.Remove(second);
  batch.Advance();
  EXPECT_EQ(batch.context_tokens(), 42);
  DecodeBatch::Due due;
  ASSERT_TRUE(batch.PopDue(due));  // removed: its sequence is nobody's
  EXPECT_EQ(due.sequence, second.sequence);
  ASSERT_TRUE(batch.PopDue(due));
  EXPECT_EQ(due.slot, 9u);
  EXPECT_EQ(due.sequence, third.sequence);
  EXPECT_FALSE(batch.PopDue(due));
  EXPECT_EQ(batch.RemainingOf(first), 1);
  EXPECT_EQ(batch.ContextOf(first), 11);
}

// Sums against the members one by one.
TEST(DecodeBatch, CountsAsOneByOne) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    workload::RandomStream random(seed, workload::Stream::kProbe, 0);
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random.Next() % static_cast<uint64_t>(bound));
    };
    const int64_t page_size = 1 + below(9);
    const int64_t draft_tokens = below(4);
    DecodeBatch batch(page_size, draft_tokens,
                      1 + random.Uniform() * static_cast<double>(draft_tokens));
    std::map<uint32_t, DecodeBatch::Member> members;
    const auto num_pages = [&] {
      int64_t sum = 0;
      for (const auto& [slot, member] : members) sum += batch.NumPagesOf(member);
      return sum;
    };
    uint32_t next_slot = 0;
    for (int step = 0; step < 200; ++step) {
      for (int64_t i = below(3); i > 0; --i) {
        members[next_slot] = batch.Add(next_slot, 1 + below(50), 1 + below(30));
        ++next_slot;
      }
      const int64_t expected = num_pages() + batch.NumPagesToGrow();
      batch.Advance();
      ASSERT_EQ(num_pages(), expected) << seed << " " << step;
      DecodeBatch::Due due;
      while (batch.PopDue(due)) {
        EXPECT_EQ(batch.RemainingOf(members[due.slot]), 0);
        batch.Remove(members[due.slot]);
        members.erase(due.slot);
      }
      int64_t context_tokens = 0;
      for (const auto& [slot, member] : members) {
        context_tokens += batch.ContextOf(member);
        EXPECT_GT(batch.RemainingOf(member), 0);
      }
      ASSERT_EQ(batch.context_tokens(), context_tokens);
      ASSERT_EQ(batch.size(), static_cast<int64_t>(members.size()));
    }
  }
}

}  // namespace
}  // namespace redline::planner
