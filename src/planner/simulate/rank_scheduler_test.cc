#include "planner/simulate/rank_scheduler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/simulate/table_plan_for_test.h"

namespace redline::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Kind = SchedulerPolicy::Kind;
using Steps = std::vector<std::string>;

SchedulerPolicy Policy(Kind kind, int64_t budget, int64_t kv_tokens = 1000) {
  SchedulerPolicy policy;
  policy.kind = kind;
  policy.step_token_budget = budget;
  policy.kv_tokens = kv_tokens;
  policy.prefix_cache = false;
  return policy;
}

// "5+0 3+8 d2": 5 new tokens of a prompt, 3 after 8 that are there, and 2 decodes.
std::string TextOf(const RankStep& step) {
  std::string text;
  for (const PrefillChunk& chunk : step.prefill)
    text += fmt::format("{}{}+{}", text.empty() ? "" : " ", chunk.new_tokens, chunk.prefix_tokens);
  if (step.decode_requests > 0)
    text += fmt::format("{}d{}", text.empty() ? "" : " ", step.decode_requests);
  return text;
}

struct Arrival {
  int32_t input_tokens;
  int32_t output_tokens;
  size_t before_step = 0;
};

Steps StepsOf(const SchedulerPolicy& policy, const std::vector<Arrival>& arrivals,
              RankStats* stats = nullptr, const PromptSource* source = nullptr) {
  EXPECT_TRUE(ValidatePolicy(policy).ok()) << ValidatePolicy(policy).ToString();
  const auto scheduler = MakeRankScheduler(policy, source);
  Steps steps;
  size_t num_added = 0;
  while (steps.size() < 100) {
    for (; num_added < arrivals.size() && arrivals[num_added].before_step <= steps.size();
         ++num_added) {
      const Arrival& arrival = arrivals[num_added];
      EXPECT_TRUE(scheduler
                      ->Add({.tag = num_added,
                             .input_tokens = arrival.input_tokens,
                             .max_tokens = arrival.output_tokens,
                             .output_tokens = arrival.output_tokens})
                      .ok());
    }
    const RankStep step = scheduler->NextStep();
    if (step.is_idle()) break;
    steps.push_back(TextOf(step));
    scheduler->Complete(nullptr);
  }
  EXPECT_FALSE(scheduler->HasRequests());
  EXPECT_EQ(scheduler->used_pages(), 0);
  if (stats != nullptr) *stats = scheduler->stats();
  return steps;
}

const std::vector<Arrival> kThree = {{5, 3}, {6, 2}, {10, 1}};

TEST(RankScheduler, FormsStepsAsItsEngine) {
  SchedulerPolicy whole_batches = Policy(Kind::kPrefillFirst, 0);
  whole_batches.max_prefill_tokens = 10;
  SchedulerPolicy mixed_chunk = Policy(Kind::kPrefillFirst, 8);
  mixed_chunk.mixed_chunk = true;
  SchedulerPolicy one_at_a_time = Policy(Kind::kMixed, 8);
  one_at_a_time.max_running_requests = 1;
  SchedulerPolicy two_first = Policy(Kind::kPrefillFirst, 100);
  two_first.max_running_requests = 2;
  SchedulerPolicy whole_prompts = Policy(Kind::kInflight, 10);
  whole_prompts.chunk_prompts = false;
  SchedulerPolicy pages_of_4 = Policy(Kind::kPrefillFirst, 10);
  pages_of_4.page_size = 4;
  SchedulerPolicy inflight_pages_of_4 = Policy(Kind::kInflight, 10);
  inflight_pages_of_4.page_size = 4;
  const struct {
    const char* name;
    SchedulerPolicy policy;
    Steps steps;
  } kCases[] = {
      {"prompts first", Policy(Kind::kPrefillFirst, 8), {"5+0 3+0", "3+3 5+0", "5+5", "d2", "d1"}},
      {"all at once", Policy(Kind::kPrefillFirst, 100), {"5+0 6+0 10+0", "d2", "d1"}},
      {"max_prefill_tokens", whole_batches, {"5+0", "6+0", "10+0", "d2", "d1"}},
      {"mixed chunk", mixed_chunk, {"5+0 3+0", "3+3 4+0 d1", "6+4 d2"}},
      {"running cap, prompts first", two_first, {"5+0 6+0", "d2", "10+0", "d1"}},
      {"chunks of whole pages", pages_of_4, {"5+0", "6+0", "8+0", "2+8", "d2", "d1"}},
      {"mixed", Policy(Kind::kMixed, 8), {"5+0 3+0", "3+3 4+0 d1", "6+4 d2"}},
      {"running cap", one_at_a_time, {"5+0", "d1", "d1", "6+0", "d1", "8+0", "2+8"}},
      {"in flight", Policy(Kind::kInflight, 8), {"5+0 3+0", "3+3 4+0 d1", "6+4 d2"}},
      {"in flight, whole", whole_prompts, {"5+0", "6+0 d1", "d2", "10+0"}},
      {"in flight, pages", inflight_pages_of_4, {"5+0 4+0", "2+4 4+0 d1", "6+4 d2"}},
  };
  for (const auto& c : kCases)
    EXPECT_THAT(StepsOf(c.policy, kThree), ElementsAreArray(c.steps)) << c.name;
}

// As the native engine's own test of its scheduler has it.
TEST(RankScheduler, MixedAdmitsWholePromptsWhereItsEngineDoes) {
  SchedulerPolicy whole = Policy(Kind::kMixed, 64, 16);
  whole.page_size = 4;
  whole.admits_whole_prompts = true;
  const std::vector<Arrival> arrivals = {{8, 3}, {12, 1}, {1, 1}};
  EXPECT_THAT(StepsOf(whole, arrivals), ElementsAre("8+0", "d1", "d1", "12+0", "1+0"));
  // With a budget below the prompt its first piece alone fits, and is given up again.
  whole.step_token_budget = 8;
  const std::vector<Arrival> two = {{4, 3}, {12, 1}};
  EXPECT_THAT(StepsOf(whole, two), ElementsAre("4+0", "d1", "d1", "8+0", "4+8"));
  whole.admits_whole_prompts = false;
  EXPECT_THAT(StepsOf(whole, two), ElementsAre("4+0 4+0", "d1", "7+0 d1", "5+7"));
}

TEST(RankScheduler, MixedPreemptsTheNewestAndComputesItAgain) {
  RankStats stats;
  EXPECT_THAT(StepsOf(Policy(Kind::kMixed, 100, 12), {{4, 6}, {4, 6}}, &stats),
              ElementsAre("4+0 4+0", "d2", "d2", "d1", "d1", "d1", "7+0", "d1", "d1"));
  EXPECT_EQ(stats.num_preemptions, 1);
  EXPECT_EQ(stats.peak_kv_pages, 12);
  EXPECT_EQ(stats.peak_running, 2);
}

class OwnContexts : public PromptSource {
 public:
  void AppendContext(uint64_t tag, std::vector<workload::PromptPiece>& pieces) const override {
    pieces.push_back({tag, 1 << 20});
  }
  bool SharesPrompts() const override { return false; }
};

// As above, but the cache still has three pages of it when there is room again.
TEST(RankScheduler, APreemptedRequestFindsWhatIsLeftOfIt) {
  SchedulerPolicy policy = Policy(Kind::kMixed, 100, 12);
  policy.prefix_cache = true;
  const OwnContexts contexts;
  EXPECT_THAT(StepsOf(policy, {{4, 6}, {4, 6}}, nullptr, &contexts),
              ElementsAre("4+0 4+0", "d2", "d2", "d1", "d1", "d1", "4+3", "d1", "d1"));
}

// The prompt that is under way is the newest: it gives way to the answers.
TEST(RankScheduler, MixedPreemptsAPromptUnderWay) {
  RankStats stats;
  EXPECT_THAT(StepsOf(Policy(Kind::kMixed, 4, 12), {{3, 5}, {9, 1}}, &stats),
              ElementsAre("3+0 1+0", "3+1 d1", "3+4 d1", "d1", "3+0 d1", "4+3", "2+7"));
  EXPECT_EQ(stats.num_preemptions, 1);
}

TEST(RankScheduler, PrefillFirstRetractsTheShortestAnswer) {
  SchedulerPolicy policy = Policy(Kind::kPrefillFirst, 100, 24);
  policy.initial_new_token_ratio = 0;  // nothing is kept back, so the second one is let in
  RankStats stats;
  EXPECT_THAT(StepsOf(policy, {{4, 12}, {5, 10, 1}}, &stats),
              ElementsAre("4+0", "5+0", "d2", "d2", "d2", "d2", "d2", "d2", "d2",  //
                          "d1", "d1", "d1", "d1", "13+0", "d1"));
  EXPECT_EQ(stats.num_preemptions, 1);
}

TEST(RankScheduler, PrefillFirstKeepsAShareOfTheAnswersBack) {
  const struct {
    double ratio;
    double conservativeness;
    int64_t kv_tokens;
    bool is_admitted;  // the second, while the first one runs
  } kCases[] = {
      {1, 1, 101, true},                        // 91 free, 39 kept back: 52, and 31 are asked for
      {1, 1, 80, false},                        // 70 - 39 = 31: as many as asked for are too few
      {1, 1, 81, true},                         //
      {0.5, 1, 61, true},                       // 51 - 19
      {0.5, 1, 60, false}, {1, 0.3, 60, true},  // 50 - 11 = 39: DP attention's conservativeness
      {0, 1, 55, true},
  };
  for (const auto& c : kCases) {
    SchedulerPolicy policy = Policy(Kind::kPrefillFirst, 100, c.kv_tokens);
    policy.initial_new_token_ratio = c.ratio;
    policy.min_new_token_ratio_factor = 1;
    policy.conservativeness = c.conservativeness;
    const Steps steps = StepsOf(policy, {{10, 40}, {10, 20, 1}});
    const bool is_admitted = steps[1] == "10+0";
    EXPECT_EQ(is_admitted, c.is_admitted) << c.ratio << " " << c.kv_tokens;
  }
}

// TensorRT-LLM's guarantee: the second one waits until all its pages are there.
TEST(RankScheduler, InflightAdmitsForWholeLives) {
  RankStats stats;
  EXPECT_THAT(StepsOf(Policy(Kind::kInflight, 100, 12), {{4, 3}, {4, 3}}, &stats),
              ElementsAre("4+0", "d1", "d1", "4+0", "d1", "d1"));
  EXPECT_EQ(stats.num_preemptions, 0);
}

TEST(RankScheduler, SpeculationYieldsSeveralTokensAStep) {
  for (const Kind kind : {Kind::kPrefillFirst, Kind::kMixed, Kind::kInflight}) {
    SchedulerPolicy policy = Policy(kind, 100);
    policy.draft_tokens = 3;
    policy.acceptance_length = 2.5;  // 2, 3, 2 tokens
    const auto scheduler = MakeRankScheduler(policy, nullptr);
    ASSERT_TRUE(scheduler->Add({.input_tokens = 4, .max_tokens = 8, .output_tokens = 8}).ok());
    std::vector<int64_t> contexts;
    for (int step = 0; scheduler->HasRequests() && step < 10; ++step) {
      const RankStep next = scheduler->NextStep();
      EXPECT_EQ(next.sampled_rows, step == 0 ? 1 : 4) << NameOf(kind);
      contexts.push_back(next.decode_context_tokens);
      scheduler->Complete(nullptr);
    }
    EXPECT_THAT(contexts, ElementsAre(0, 4, 6, 9)) << NameOf(kind);
    EXPECT_EQ(scheduler->used_pages(), 0);
  }
}

TEST(RankScheduler, RefusesWhatNeverFits) {
  SchedulerPolicy whole_prompts = Policy(Kind::kInflight, 10);
  whole_prompts.chunk_prompts = false;
  const struct {
    SchedulerPolicy policy;
    EngineRequest request;
    const char* why;
  } kCases[] = {
      {Policy(Kind::kMixed, 8, 100), {0, 60, 41, 1}, "take 101 pages of the KV cache"},
      {Policy(Kind::kInflight, 8, 100), {0, 60, 41, 41}, "which has 100"},
      {Policy(Kind::kPrefillFirst, 8, 100), {0, 60, 39, 1}, "more than 100 free tokens"},
      {whole_prompts, {0, 11, 1, 1}, "prompts are not cut"},
  };
  for (const auto& c : kCases) {
    const auto scheduler = MakeRankScheduler(c.policy, nullptr);
    const auto handle = scheduler->Add(c.request);
    EXPECT_EQ(handle.status().code(), Code::kTooLarge);
    EXPECT_THAT(handle.status().message(), HasSubstr(c.why));
    EXPECT_FALSE(scheduler->HasRequests());
  }
}

TEST(RankScheduler, RefusesRequestsThatAreNone) {
  const auto scheduler = MakeRankScheduler(Policy(Kind::kMixed, 8), nullptr);
  for (const EngineRequest& request : std::initializer_list<EngineRequest>{
           {0, 0, 1, 1}, {0, -5, 1, 1}, {0, 1, 0, 0}, {0, 1, 1, 2}, {0, INT32_MAX, INT32_MAX, 1}})
    EXPECT_EQ(scheduler->Add(request).status().code(), Code::kInvalidArgument);
}

TEST(RankScheduler, CancelsWhereverTheRequestIs) {
  const auto scheduler = MakeRankScheduler(Policy(Kind::kMixed, 8), nullptr);
  std::vector<RankScheduler::Handle> handles;
  for (uint64_t tag = 0; tag < 4; ++tag)
    handles.push_back(
        *scheduler->Add({.tag = tag, .input_tokens = 5, .max_tokens = 9, .output_tokens = 9}));
  EXPECT_TRUE(scheduler->Cancel(handles[3]));  // waiting
  EXPECT_FALSE(scheduler->Cancel(handles[3]));
  EXPECT_EQ(TextOf(scheduler->NextStep()), "5+0 3+0");
  EXPECT_TRUE(scheduler->Cancel(handles[1]));  // in the step: goes with its end
  EXPECT_EQ(scheduler->num_running(), 2);
  std::vector<RequestEvent> events;
  scheduler->Complete(&events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, RequestEvent::Kind::kFirstToken);
  EXPECT_EQ(events[1].kind, RequestEvent::Kind::kCancelled);
  EXPECT_EQ(events[1].tag, 1u);
  EXPECT_EQ(TextOf(scheduler->NextStep()), "5+0 d1");
  scheduler->Complete(nullptr);
  EXPECT_TRUE(scheduler->Cancel(handles[0]));  // between steps
  EXPECT_EQ(TextOf(scheduler->NextStep()), "d1");
  scheduler->Complete(nullptr);
  EXPECT_TRUE(scheduler->Cancel(handles[2]));
  EXPECT_FALSE(scheduler->HasRequests());
  EXPECT_EQ(scheduler->used_pages(), 0);
  EXPECT_FALSE(scheduler->Cancel({}));
}

TEST(RankScheduler, TellsWhoGotTokens) {
  const auto scheduler = MakeRankScheduler(Policy(Kind::kMixed, 8), nullptr);
  for (uint64_t tag = 0; tag < 2; ++tag)
    ASSERT_TRUE(
        scheduler->Add({.tag = tag, .input_tokens = 4, .max_tokens = 9, .output_tokens = 9}).ok());
  for (int step = 0; step < 3; ++step) {
    scheduler->NextStep();
    scheduler->Complete(nullptr);
  }
  std::vector<std::pair<uint64_t, int64_t>> tokens;
  scheduler->ForEachDecoding([&](uint64_t tag, int64_t num) { tokens.push_back({tag, num}); });
  EXPECT_THAT(tokens, ElementsAre(std::pair(0, 3), std::pair(1, 3)));
}

}  // namespace
}  // namespace redline::planner
