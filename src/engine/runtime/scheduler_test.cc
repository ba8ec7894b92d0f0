#include "engine/runtime/scheduler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace redline::engine {
namespace {

using Sharing = KvPages::Sharing;

std::unique_ptr<Sequence> MakeTestSequence(RequestId id, int64_t prompt_tokens,
                                           int64_t max_tokens = 8) {
  auto sequence = std::make_unique<Sequence>();
  sequence->id = id;
  sequence->tokens.assign(static_cast<size_t>(prompt_tokens), 5);
  sequence->num_prompt_tokens = prompt_tokens;
  sequence->sampling.max_tokens = max_tokens;
  return sequence;
}

// A slice as "id:tokens", with "*" when a token comes of it, and "+drafts".
std::string Describe(const StepPlan& plan) {
  std::string text;
  for (const ScheduledSlice& slice : plan.slices) {
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", slice.sequence->id, slice.num_tokens,
                        slice.completes() ? "*" : "");
    if (!slice.drafts.empty()) text += fmt::format("+{}", slice.drafts.size());
  }
  return text;
}

// What the engine does with a plan: computes it, and one token comes of each completed slice, and
// more where drafts are right.
void Apply(Scheduler& scheduler, KvPages& pages, const StepPlan& plan) {
  for (const ScheduledSlice& slice : plan.slices) {
    const bool completes = slice.completes();
    slice.sequence->num_computed += slice.num_tokens;
    pages.Publish(*slice.sequence);
    if (!completes) continue;
    Sequence& sequence = *slice.sequence;
    sequence.tokens.push_back(5);
    for (const TokenId draft : slice.drafts) {
      if (draft != 5) break;
      sequence.num_computed = sequence.num_tokens();
      pages.Publish(sequence);
      sequence.tokens.push_back(5);
    }
    if (sequence.num_output() >= sequence.sampling.max_tokens) scheduler.Remove(sequence.id);
  }
}

std::string StepOnce(Scheduler& scheduler, KvPages& pages) {
  const StepPlan plan = scheduler.Schedule();
  std::string text = Describe(plan);
  Apply(scheduler, pages, plan);
  return text;
}

TEST(Scheduler, DecodesFirstThenPrefillChunksUnderOneBudget) {
  KvPages pages(100, 16, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 16}, &pages);
  scheduler.Enqueue(MakeTestSequence(1, 10));
  scheduler.Enqueue(MakeTestSequence(2, 20));
  scheduler.Enqueue(MakeTestSequence(3, 5));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:10* 2:6");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:14* 3:1");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1* 3:4*");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1* 3:1*");
}

TEST(Scheduler, RunsNoMoreThanMaxRunningRequests) {
  KvPages pages(100, 16, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 2, .chunked_prefill_size = 64}, &pages);
  for (RequestId id = 1; id <= 3; ++id) scheduler.Enqueue(MakeTestSequence(id, 4, 2));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:4* 2:4*");
  EXPECT_EQ(scheduler.num_waiting(), 1);
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1*");
  EXPECT_EQ(StepOnce(scheduler, pages), "3:4*");
}

TEST(Scheduler, HeadOfQueueWaitsForPagesAndNobodyOvertakes) {
  KvPages pages(4, 4, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64}, &pages);
  scheduler.Enqueue(MakeTestSequence(1, 8, 3));   // 2 pages
  scheduler.Enqueue(MakeTestSequence(2, 12, 1));  // 3 pages
  scheduler.Enqueue(MakeTestSequence(3, 1, 1));   // 1 page, but behind 2
  EXPECT_EQ(StepOnce(scheduler, pages), "1:8*");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*");
  EXPECT_EQ(StepOnce(scheduler, pages), "2:12*");
}

TEST(Scheduler, NewestGivesWayAndReturnsToTheHead) {
  KvPages pages(5, 4, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64}, &pages);
  scheduler.Enqueue(MakeTestSequence(1, 4, 9));
  scheduler.Enqueue(MakeTestSequence(2, 4, 9));
  scheduler.Enqueue(MakeTestSequence(3, 13, 9));  // waits: 4 pages
  EXPECT_EQ(StepOnce(scheduler, pages), "1:4* 2:4*");
  EXPECT_EQ(pages.num_available(), 3);
  for (int step = 0; step < 4; ++step) EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1*");
  EXPECT_EQ(pages.num_available(), 1);
  const StepPlan plan = scheduler.Schedule();  // both need a third page, one is left
  EXPECT_EQ(plan.num_preempted, 1);
  EXPECT_EQ(Describe(plan), "1:1*");
  Apply(scheduler, pages, plan);
  for (int step = 0; step < 3; ++step) EXPECT_EQ(StepOnce(scheduler, pages), "1:1*");
  EXPECT_EQ(StepOnce(scheduler, pages), "2:9*");  // all of it again, before 3
}

TEST(Scheduler, RemoveFreesPagesWhereverTheSequenceIs) {
  KvPages pages(10, 4, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 1, .chunked_prefill_size = 4}, &pages);
  scheduler.Enqueue(MakeTestSequence(1, 16));
  scheduler.Enqueue(MakeTestSequence(2, 16));
  StepOnce(scheduler, pages);
  EXPECT_NE(scheduler.Remove(2), nullptr);
  EXPECT_NE(scheduler.Remove(1), nullptr);
  EXPECT_EQ(scheduler.Remove(1), nullptr);
  EXPECT_EQ(pages.num_available(), 10);
  EXPECT_TRUE(scheduler.empty());
}

// A prompt of `num_tokens` tokens, of which the first `num_shared` are everybody's.
std::unique_ptr<Sequence> MakeSharing(RequestId id, int64_t num_tokens, int64_t num_shared,
                                      int64_t max_tokens = 8) {
  auto sequence = MakeTestSequence(id, num_tokens, max_tokens);
  for (int64_t index = num_shared; index < num_tokens; ++index) {
    sequence->tokens[static_cast<size_t>(index)] = static_cast<TokenId>(1000 * id) + 7;
  }
  return sequence;
}

TEST(Scheduler, SharedBeginningsAreComputedOnce) {
  KvPages pages(100, 4, Sharing::kOn);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 16}, &pages);
  scheduler.Enqueue(MakeSharing(1, 18, 14, 1));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:16");
  scheduler.Enqueue(MakeSharing(2, 16, 14, 1));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:2* 2:4*") << "three pages of four are there already";
  scheduler.Enqueue(MakeSharing(3, 12, 12, 1));
  EXPECT_EQ(StepOnce(scheduler, pages), "3:4*") << "the last token is always computed";
  EXPECT_EQ(pages.num_available(), 100);
}

TEST(Scheduler, TwinsInOneBatchShareFromTheNextStepOn) {
  KvPages pages(100, 4, Sharing::kOn);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 32}, &pages);
  scheduler.Enqueue(MakeSharing(1, 42, 40, 2));
  scheduler.Enqueue(MakeSharing(2, 42, 40, 2));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:32");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:10* 2:10*") << "32 tokens adopted, not computed";
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1*");
  EXPECT_EQ(pages.num_available(), 100);
}

TEST(Scheduler, SaltsDoNotShare) {
  KvPages pages(100, 4, Sharing::kOn);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64}, &pages);
  scheduler.Enqueue(MakeSharing(1, 16, 16, 1));
  StepOnce(scheduler, pages);
  auto other = MakeSharing(2, 16, 16, 1);
  other->cache_salt = "another tenant";
  scheduler.Enqueue(std::move(other));
  EXPECT_EQ(StepOnce(scheduler, pages), "2:16*");
  scheduler.Enqueue(MakeSharing(3, 16, 16, 1));
  EXPECT_EQ(StepOnce(scheduler, pages), "3:4*");
}

TEST(Scheduler, ThePreemptedFindsWhatItHadComputed) {
  KvPages pages(5, 4, Sharing::kOn);
  Scheduler scheduler({.max_running_requests = 8, .chunked_prefill_size = 64}, &pages);
  scheduler.Enqueue(MakeSharing(1, 4, 0, 9));
  scheduler.Enqueue(MakeSharing(2, 4, 0, 9));
  for (int step = 0; step < 5; ++step) StepOnce(scheduler, pages);
  StepPlan plan;
  for (int step = 0; plan.num_preempted == 0 && step < 8; ++step) {
    plan = scheduler.Schedule();
    if (plan.num_preempted == 0) Apply(scheduler, pages, plan);
  }
  ASSERT_EQ(plan.num_preempted, 1);
  Apply(scheduler, pages, plan);
  std::string step;
  while (step.find("2:") == step.npos) step = StepOnce(scheduler, pages);
  EXPECT_EQ(step, "2:1*") << "its 8 computed tokens were still in the cache";
}

TEST(Scheduler, LongestPrefixFirstButNobodyIsOvertakenForEver) {
  KvPages pages(200, 4, Sharing::kOn);
  Scheduler scheduler(
      {.max_running_requests = 1, .chunked_prefill_size = 64, .policy = SchedulePolicy::kLpm},
      &pages);
  scheduler.Enqueue(MakeSharing(1, 16, 16, 1));
  StepOnce(scheduler, pages);
  scheduler.Enqueue(MakeSharing(2, 16, 0, 1));  // nothing of it is cached
  RequestId next = 3;
  for (int round = 0; round < SchedulerOptions::kMaxOvertaken; ++round) {
    scheduler.Enqueue(MakeSharing(next, 16, 8, 1));
    EXPECT_EQ(StepOnce(scheduler, pages), fmt::format("{}:8*", next)) << "overtakes 2";
    ++next;
  }
  scheduler.Enqueue(MakeSharing(next, 16, 8, 1));
  EXPECT_EQ(StepOnce(scheduler, pages), "2:16*");
}

TEST(Scheduler, PromptLogprobsAreBoundedRowsOfLogits) {
  KvPages pages(100, 4, Sharing::kOn);
  Scheduler scheduler(
      {.max_running_requests = 8, .chunked_prefill_size = 64, .max_extra_logits_rows = 6}, &pages);
  scheduler.Enqueue(MakeSharing(1, 16, 16, 1));
  StepOnce(scheduler, pages);
  auto scored = MakeSharing(2, 10, 10, 2);
  scored->num_prompt_logprobs = 0;
  Sequence* const sequence = scored.get();
  scheduler.Enqueue(std::move(scored));
  const auto step = [&] {
    const StepPlan plan = scheduler.Schedule();
    EXPECT_EQ(plan.slices.size(), 1u);
    const int64_t num_logits = plan.slices[0].num_logits;
    const int64_t first = sequence->num_computed + plan.slices[0].num_tokens - num_logits;
    for (int64_t row = first; row < first + num_logits && row < 9; ++row) {
      sequence->prompt_logprobs.emplace_back();
    }
    std::string text = fmt::format("{} logits {}", Describe(plan), num_logits);
    Apply(scheduler, pages, plan);
    return text;
  };
  EXPECT_EQ(step(), "2:6 logits 6") << "all of it is computed, cached or not";
  EXPECT_EQ(step(), "2:4* logits 4");
  EXPECT_EQ(step(), "2:1* logits 1");
}

TEST(Scheduler, DraftsTakeRowsThatAreLeft) {
  KvPages pages(100, 4, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 4,
                       .chunked_prefill_size = 16,
                       .max_extra_logits_rows = 5,
                       .num_draft_tokens = 3},
                      &pages);
  scheduler.Enqueue(MakeTestSequence(1, 4, 30));
  scheduler.Enqueue(MakeTestSequence(2, 4, 3));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:4* 2:4*") << "none before the first token";
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+3 2:1*+1") << "no more than the answer's length";
  scheduler.Enqueue(MakeTestSequence(3, 14, 9));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+1 3:14*") << "of the budget";
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+3 3:1*+2") << "of the rows of logits";
}

TEST(Scheduler, DraftsAreLookedForOfTheOldest) {
  KvPages pages(100, 4, Sharing::kOff);
  Scheduler scheduler({.max_running_requests = 4,
                       .chunked_prefill_size = 64,
                       .num_draft_tokens = 2,
                       .max_drafting_sequences = 2},
                      &pages);
  for (RequestId id = 1; id <= 3; ++id) scheduler.Enqueue(MakeTestSequence(id, 4, 30));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:4* 2:4* 3:4*");
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+2 2:1*+2 3:1*");
}

TEST(Scheduler, DraftsTakePagesThatAreLeft) {
  KvPages pages(6, 2, Sharing::kOff);
  Scheduler scheduler(
      {.max_running_requests = 4, .chunked_prefill_size = 16, .num_draft_tokens = 3}, &pages);
  scheduler.Enqueue(MakeTestSequence(1, 2, 9));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:2*");
  scheduler.Enqueue(MakeTestSequence(2, 2, 2));
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+3 2:2*");
  EXPECT_EQ(pages.num_available(), 2);
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1* 2:1*")
      << "a page of head-room each, and none is left";
  EXPECT_EQ(StepOnce(scheduler, pages), "1:1*+2") << "again, when one has ended";
}

// Random arrivals and removals over a pool that is much too small: every step moves, keeps its
// budget, and covers what it computes with pages; in the end all have run and all pages are back.
TEST(Scheduler, AlwaysProgressesAndLosesNoPage) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    KvPages pages(12, 4, seed % 2 == 0 ? Sharing::kOn : Sharing::kOff);
    const SchedulerOptions options = {
        .max_running_requests = draw(1, 8),
        .chunked_prefill_size = draw(8, 24),
        .num_draft_tokens = draw(0, 5),
        .policy = seed % 4 < 2 ? SchedulePolicy::kFcfs : SchedulePolicy::kLpm};
    Scheduler scheduler(options, &pages);
    RequestId next_id = 1;
    for (int step = 0; step < 2000 && (next_id <= 40 || !scheduler.empty()); ++step) {
      if (next_id <= 40 && draw(0, 2) == 0) {
        const int64_t prompt_tokens = draw(1, 40);
        scheduler.Enqueue(MakeSharing(next_id++, prompt_tokens, draw(0, prompt_tokens),
                                      draw(1, 48 - prompt_tokens)));
      }
      if (draw(0, 30) == 0) scheduler.Remove(static_cast<RequestId>(draw(1, 40)));
      if (scheduler.empty()) continue;
      const StepPlan plan = scheduler.Schedule();
      ASSERT_FALSE(plan.slices.empty());
      ASSERT_LE(plan.num_rows, options.chunked_prefill_size);
      ASSERT_LE(scheduler.num_running(), options.max_running_requests);
      std::set<PageId> pages_held;
      for (const ScheduledSlice& slice : plan.slices) {
        const Sequence& sequence = *slice.sequence;
        ASSERT_GE(static_cast<int64_t>(sequence.pages.size()) * 4,
                  sequence.num_computed + slice.num_tokens);
        pages_held.insert(sequence.pages.begin(), sequence.pages.end());
      }
      ASSERT_LE(static_cast<int64_t>(pages_held.size()), pages.num_pages() - pages.num_available());
      Apply(scheduler, pages, plan);
    }
    ASSERT_TRUE(scheduler.empty()) << "seed " << seed;
    ASSERT_EQ(pages.num_available(), pages.num_pages());
  }
}

}  // namespace
}  // namespace redline::engine
