// What holds for every policy and workload, tried on seeded random ones.
#include <gtest/gtest.h>

#include <cstring>

#include "planner/simulate/engine_scheduler.h"
#include "planner/simulate/serving_simulator.h"
#include "planner/simulate/table_plan_for_test.h"
#include "workload/random.h"

namespace redline::planner {
namespace {

using Kind = SchedulerPolicy::Kind;
using Outcome = SimulatedRequest::Outcome;

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed, workload::Stream::kProbe, 1) {}
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(most - least + 1));
  }
  bool Coin() { return random_.Next() % 2 == 0; }
  double Uniform() { return random_.Uniform(); }

 private:
  workload::RandomStream random_;
};

SchedulerPolicy AnyPolicy(Dice& dice) {
  SchedulerPolicy policy;
  policy.kind = static_cast<Kind>(dice.Between(0, 2));
  policy.num_ranks = dice.Between(1, 3);
  policy.ranks_in_lockstep = dice.Coin();
  policy.dispatch = static_cast<SchedulerPolicy::Dispatch>(dice.Between(0, 1));
  policy.max_running_requests = dice.Between(1, 20);
  policy.page_size = dice.Coin() ? 1 : dice.Between(1, 16);
  policy.step_token_budget = dice.Between(policy.page_size + 5, 150);
  policy.max_prefill_tokens = dice.Between(1, 200);
  policy.kv_tokens = dice.Between(150, 900);
  policy.prefix_cache = dice.Coin();
  policy.initial_new_token_ratio = dice.Uniform();
  policy.new_token_ratio_decay_steps = dice.Between(1, 50);
  policy.conservativeness = dice.Coin() ? 0.3 : 1;
  if (policy.kind == Kind::kPrefillFirst) {
    policy.mixed_chunk = dice.Coin();
  } else {
    policy.chunk_prompts = dice.Coin();
  }
  if (!policy.mixed_chunk && dice.Coin()) {
    policy.draft_tokens = dice.Between(1, 3);
    policy.acceptance_length = 1 + dice.Uniform() * static_cast<double>(policy.draft_tokens);
  }
  policy.frontend_seconds_per_request = dice.Coin() ? 0 : 0.3 * dice.Uniform();
  policy.response_seconds = dice.Coin() ? 0 : 3 * dice.Uniform();
  return policy;
}

spec::WorkloadSpec AnyWorkload(Dice& dice) {
  using Length = spec::LengthSpec;
  spec::WorkloadSpec workload;
  workload.name = "any";
  workload.input_tokens = {.distribution = Length::Distribution::kUniform, .min = 1, .max = 90};
  workload.output_tokens = {.distribution = Length::Distribution::kUniform, .min = 1, .max = 60};
  workload.num_requests = dice.Between(1, 60);
  if (dice.Coin()) {
    workload.concurrency = dice.Between(1, 30);
  } else {
    workload.arrivals = {.process = spec::ArrivalSpec::Process::kPoisson,
                         .rate = 0.1 + dice.Uniform()};
  }
  if (dice.Coin()) workload.prefix = {.groups = dice.Between(1, 3), .tokens = dice.Between(1, 40)};
  if (dice.Coin()) workload.sessions = {.turns = 3, .think_seconds = 1};
  return workload;
}

// Passes costs on, and watches what it is asked.
class Watch : public StepCost {
 public:
  explicit Watch(const SchedulerPolicy& policy) : policy_(policy) {}

  double SecondsOf(std::span<const RankStep> ranks) const override {
    for (const RankStep& rank : ranks) WatchRank(rank);
    return HandCost().SecondsOf(ranks);
  }
  int64_t prefill_tokens() const { return prefill_tokens_; }

 private:
  void WatchRank(const RankStep& rank) const {
    int64_t num_tokens = 0;
    for (const PrefillChunk& chunk : rank.prefill) {
      EXPECT_GT(chunk.new_tokens, 0);
      EXPECT_GE(chunk.prefix_tokens, 0);
      num_tokens += chunk.new_tokens;
    }
    prefill_tokens_ += num_tokens;
    const int64_t decode_tokens = rank.decode_requests * (1 + policy_.draft_tokens);
    if (policy_.kind != Kind::kPrefillFirst || (policy_.mixed_chunk && num_tokens > 0))
      num_tokens += decode_tokens;
    EXPECT_LE(num_tokens, policy_.step_token_budget);
    EXPECT_LE(rank.decode_requests, policy_.max_running_requests);
    EXPECT_GE(rank.decode_context_tokens, rank.decode_requests);
    EXPECT_LE(rank.decode_context_tokens, policy_.kv_tokens * 60);
    const bool may_mix = policy_.kind != Kind::kPrefillFirst || policy_.mixed_chunk;
    EXPECT_TRUE(may_mix || rank.prefill.empty() || rank.decode_requests == 0);
  }

  const SchedulerPolicy policy_;
  mutable int64_t prefill_tokens_ = 0;
};

void ExpectSameBits(const SimulationResult& a, const SimulationResult& b, uint64_t seed) {
  ASSERT_EQ(a.requests.size(), b.requests.size());
  EXPECT_EQ(a.num_steps, b.num_steps) << seed;
  EXPECT_EQ(std::memcmp(&a.busy_s, &b.busy_s, sizeof(double)), 0) << seed;
  for (size_t i = 0; i < a.requests.size(); ++i) {
    const double left[] = {a.requests[i].sent_s, a.requests[i].first_token_s,
                           a.requests[i].last_token_s};
    const double right[] = {b.requests[i].sent_s, b.requests[i].first_token_s,
                            b.requests[i].last_token_s};
    EXPECT_EQ(std::memcmp(left, right, sizeof left), 0) << seed << " " << i;
  }
}

void ExpectWhole(const SimulationResult& result, const workload::RequestPlan& plan,
                 const Watch& watch, uint64_t seed) {
  EXPECT_EQ(result.stop, SimulationResult::Stop::kDone) << seed;
  int64_t least_prefill_tokens = 0;
  for (const SimulatedRequest& request : result.requests) {
    if (request.outcome == Outcome::kRefused) continue;
    ASSERT_EQ(request.outcome, Outcome::kFinished) << seed << " " << request.index;
    EXPECT_EQ(request.output_tokens, plan.At(request.index).output_tokens);
    EXPECT_GE(request.sent_s, request.intended_s);
    EXPECT_GT(request.first_token_s, request.sent_s);
    EXPECT_GE(request.last_token_s, request.first_token_s);
    EXPECT_LT(request.cached_tokens, request.input_tokens);
    least_prefill_tokens += request.input_tokens - request.cached_tokens;
  }
  EXPECT_EQ(result.prefill.prefill_tokens + result.mixed.prefill_tokens, watch.prefill_tokens());
  if (result.num_preemptions == 0) {
    EXPECT_EQ(watch.prefill_tokens(), least_prefill_tokens) << seed;
  } else {
    EXPECT_GE(watch.prefill_tokens(), least_prefill_tokens) << seed;
  }
}

TEST(ServingMix, EveryRequestGetsItsTokens) {
  int64_t num_preemptions = 0;
  int64_t num_cached = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Dice dice(seed);
    const SchedulerPolicy policy = AnyPolicy(dice);
    const spec::WorkloadSpec workload = AnyWorkload(dice);
    const auto plan = workload::MakePlan(workload, seed);
    ASSERT_TRUE(plan.ok()) << plan.status().ToString();
    const Watch watch(policy);
    const auto result = SimulateServing(**plan, workload, policy, watch, {.max_steps = 1'000'000});
    ASSERT_TRUE(result.ok()) << seed << " " << NameOf(policy.kind) << " "
                             << result.status().ToString();
    ExpectWhole(*result, **plan, watch, seed);
    EXPECT_LE(result->peak_kv_tokens, policy.kv_tokens) << seed;
    EXPECT_LE(result->peak_running, policy.max_running_requests) << seed;
    const auto again = SimulateServing(**plan, workload, policy, HandCost());
    ExpectSameBits(*result, *again, seed);
    num_preemptions += result->num_preemptions;
    for (const SimulatedRequest& request : result->requests) num_cached += request.cached_tokens;
    if (HasFailure()) FAIL() << "seed " << seed << ", " << NameOf(policy.kind);
  }
  // The mixes reach what they are for.
  EXPECT_GT(num_preemptions, 1000);
  EXPECT_GT(num_cached, 10000);
}

class GroupPrompts : public PromptSource {
 public:
  void AppendContext(uint64_t tag, std::vector<workload::PromptPiece>& pieces) const override {
    pieces.push_back({tag % 3, 20});
    pieces.push_back({1000 + tag, 1 << 20});
  }
};

// Requests come and are cancelled at any time, also while their step runs.
TEST(ServingMix, PagesComeBackAfterCancellations) {
  const GroupPrompts prompts;
  int64_t num_cancelled = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Dice dice(seed);
    const auto engine = EngineScheduler::Make(AnyPolicy(dice), &prompts);
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    std::vector<EngineScheduler::Handle> handles;
    std::vector<RequestEvent> events;
    const auto come_and_go = [&] {
      const auto output_tokens = static_cast<int32_t>(dice.Between(1, 40));
      const auto handle =
          (*engine)->Add({.tag = handles.size(),
                          .input_tokens = static_cast<int32_t>(dice.Between(1, 80)),
                          .max_tokens = output_tokens + static_cast<int32_t>(dice.Between(0, 20)),
                          .output_tokens = output_tokens});
      if (handle.ok()) handles.push_back(*handle);
      if (handles.empty() || !dice.Coin()) return;
      const int64_t last = static_cast<int64_t>(handles.size()) - 1;
      num_cancelled +=
          (*engine)->Cancel(handles[static_cast<size_t>(dice.Between(last / 2, last))]);
    };
    for (int step = 0; step < 5000; ++step) {
      if (step < 100) come_and_go();
      const bool runs = !(*engine)->NextStep().empty();
      if (step < 100) come_and_go();
      if (runs) (*engine)->Complete(&events);
      if (step >= 100 && !(*engine)->HasRequests()) break;
    }
    EXPECT_FALSE((*engine)->HasRequests()) << seed;
    for (int64_t rank = 0; rank < (*engine)->num_ranks(); ++rank)
      EXPECT_EQ((*engine)->rank(rank).used_pages(), 0) << seed;
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(num_cancelled, 10000);
}

}  // namespace
}  // namespace redline::planner
