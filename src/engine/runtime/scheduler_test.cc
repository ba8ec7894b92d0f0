#include "engine/runtime/scheduler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace redline::engine {
namespace {

std::unique_ptr<Sequence> MakeTestSequence(RequestId id, int64_t prompt_tokens,
                                           int64_t max_tokens = 8) {
  auto sequence = std::make_unique<Sequence>();
  sequence->id = id;
  sequence->tokens.assign(static_cast<size_t>(prompt_tokens), 5);
  sequence->num_prompt_tokens = prompt_tokens;
  sequence->sampling.max_tokens = max_tokens;
  return sequence;
}

// A slice as "id:tokens", with "*" when a token comes of it.
std::string Describe(const StepPlan& plan) {
  std::string text;
  for (const ScheduledSlice& slice : plan.slices) {
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", slice.sequence->id, slice.num_tokens,
                        slice.completes() ? "*" : "");
  }
  return text;
}

// What the engine does with a plan: computes it, and one token comes of each completed slice.
void Apply(Scheduler& scheduler, const StepPlan& plan) {
  for (const ScheduledSlice& slice : plan.slices) {
    const bool completes = slice.completes();
    slice.sequence->num_computed += slice.num_tokens;
    if (!completes) continue;
    slice.sequence->tokens.push_back(5);
    if (slice.sequence->num_output() >= slice.sequence->sampling.max_tokens) {
      scheduler.Remove(slice.sequence->id);
    }
  }
}

std::string StepOnce(Scheduler& scheduler) {
  const StepPlan plan = scheduler.Schedule();
  std::string text = Describe(plan);
  Apply(scheduler, plan);
  return text;
}

TEST(Scheduler, DecodesFirstThenPrefillChunksUnderOneBudget) {
  PagePool pool(100);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 16}, &pool);
  scheduler.Enqueue(MakeTestSequence(1, 10));
  scheduler.Enqueue(MakeTestSequence(2, 20));
  scheduler.Enqueue(MakeTestSequence(3, 5));
  EXPECT_EQ(StepOnce(scheduler), "1:10* 2:6");
  EXPECT_EQ(StepOnce(scheduler), "1:1* 2:14* 3:1");
  EXPECT_EQ(StepOnce(scheduler), "1:1* 2:1* 3:4*");
  EXPECT_EQ(StepOnce(scheduler), "1:1* 2:1* 3:1*");
}

TEST(Scheduler, RunsNoMoreThanMaxRunningRequests) {
  PagePool pool(100);
  Scheduler scheduler({.max_running_requests = 2, .chunked_prefill_size = 64}, &pool);
  for (RequestId id = 1; id <= 3; ++id) scheduler.Enqueue(MakeTestSequence(id, 4, 2));
  EXPECT_EQ(StepOnce(scheduler), "1:4* 2:4*");
  EXPECT_EQ(scheduler.num_waiting(), 1);
  EXPECT_EQ(StepOnce(scheduler), "1:1* 2:1*");
  EXPECT_EQ(StepOnce(scheduler), "3:4*");
}

TEST(Scheduler, HeadOfQueueWaitsForPagesAndNobodyOvertakes) {
  PagePool pool(4);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64, .page_size = 4},
                      &pool);
  scheduler.Enqueue(MakeTestSequence(1, 8, 3));   // 2 pages
  scheduler.Enqueue(MakeTestSequence(2, 12, 1));  // 3 pages
  scheduler.Enqueue(MakeTestSequence(3, 1, 1));   // 1 page, but behind 2
  EXPECT_EQ(StepOnce(scheduler), "1:8*");
  EXPECT_EQ(StepOnce(scheduler), "1:1*");
  EXPECT_EQ(StepOnce(scheduler), "1:1*");
  EXPECT_EQ(StepOnce(scheduler), "2:12*");
}

TEST(Scheduler, NewestGivesWayAndReturnsToTheHead) {
  PagePool pool(5);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64, .page_size = 4},
                      &pool);
  scheduler.Enqueue(MakeTestSequence(1, 4, 9));
  scheduler.Enqueue(MakeTestSequence(2, 4, 9));
  scheduler.Enqueue(MakeTestSequence(3, 13, 9));  // waits: 4 pages
  EXPECT_EQ(StepOnce(scheduler), "1:4* 2:4*");
  EXPECT_EQ(pool.num_free(), 3);
  for (int step = 0; step < 4; ++step) EXPECT_EQ(StepOnce(scheduler), "1:1* 2:1*");
  EXPECT_EQ(pool.num_free(), 1);
  const StepPlan plan = scheduler.Schedule();  // both need a third page, one is left
  EXPECT_EQ(plan.num_preempted, 1);
  EXPECT_EQ(Describe(plan), "1:1*");
  Apply(scheduler, plan);
  for (int step = 0; step < 3; ++step) EXPECT_EQ(StepOnce(scheduler), "1:1*");
  EXPECT_EQ(StepOnce(scheduler), "2:9*");  // all of it again, before 3
}

TEST(Scheduler, RemoveFreesPagesWhereverTheSequenceIs) {
  PagePool pool(10);
  Scheduler scheduler({.max_running_requests = 1, .chunked_prefill_size = 4, .page_size = 4},
                      &pool);
  scheduler.Enqueue(MakeTestSequence(1, 16));
  scheduler.Enqueue(MakeTestSequence(2, 16));
  StepOnce(scheduler);
  EXPECT_NE(scheduler.Remove(2), nullptr);
  EXPECT_NE(scheduler.Remove(1), nullptr);
  EXPECT_EQ(scheduler.Remove(1), nullptr);
  EXPECT_EQ(pool.num_free(), 10);
  EXPECT_TRUE(scheduler.empty());
}

// Random arrivals and removals over a pool that is much too small: every step moves, keeps its
// budget, and covers what it computes with pages; in the end all have run and all pages are back.
TEST(Scheduler, AlwaysProgressesAndLosesNoPage) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    PagePool pool(12);
    const SchedulerOptions options = {
        .max_running_requests = draw(1, 8), .chunked_prefill_size = draw(8, 24), .page_size = 4};
    Scheduler scheduler(options, &pool);
    RequestId next_id = 1;
    for (int step = 0; step < 2000 && (next_id <= 40 || !scheduler.empty()); ++step) {
      if (next_id <= 40 && draw(0, 2) == 0) {
        const int64_t prompt_tokens = draw(1, 40);
        scheduler.Enqueue(MakeTestSequence(next_id++, prompt_tokens, draw(1, 48 - prompt_tokens)));
      }
      if (draw(0, 30) == 0) scheduler.Remove(static_cast<RequestId>(draw(1, 40)));
      if (scheduler.empty()) continue;
      const StepPlan plan = scheduler.Schedule();
      ASSERT_FALSE(plan.slices.empty());
      ASSERT_LE(plan.num_rows, options.chunked_prefill_size);
      ASSERT_LE(scheduler.num_running(), options.max_running_requests);
      int64_t pages_held = 0;
      for (const ScheduledSlice& slice : plan.slices) {
        const Sequence& sequence = *slice.sequence;
        ASSERT_GE(static_cast<int64_t>(sequence.pages.size()) * 4,
                  sequence.num_computed + slice.num_tokens);
        pages_held += static_cast<int64_t>(sequence.pages.size());
      }
      ASSERT_LE(pages_held, pool.num_pages() - pool.num_free());
      Apply(scheduler, plan);
    }
    ASSERT_TRUE(scheduler.empty()) << "seed " << seed;
    ASSERT_EQ(pool.num_free(), pool.num_pages());
  }
}

}  // namespace
}  // namespace redline::engine
