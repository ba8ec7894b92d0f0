#include "planner/simulate/serving_simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "planner/simulate/table_plan_for_test.h"

namespace redline::planner {
namespace {

using ::testing::HasSubstr;
using Kind = SchedulerPolicy::Kind;
using Outcome = SimulatedRequest::Outcome;
using Rows = std::vector<TablePlan::Row>;

SchedulerPolicy Policy(Kind kind, int64_t budget = 8) {
  SchedulerPolicy policy;
  policy.kind = kind;
  policy.step_token_budget = budget;
  policy.kv_tokens = 1000;
  return policy;
}

spec::WorkloadSpec Workload(int64_t concurrency = 0) {
  spec::WorkloadSpec workload;
  workload.concurrency = concurrency;
  return workload;
}

SimulationResult Simulated(const TablePlan& plan, const SchedulerPolicy& policy,
                           const spec::WorkloadSpec& workload = Workload()) {
  auto result = SimulateServing(plan, workload, policy, HandCost());
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? std::move(*result) : SimulationResult{};
}

struct Times {
  double sent_s, first_s, last_s;
};

void ExpectTimes(const SimulationResult& result, const std::vector<Times>& times,
                 const std::string& name) {
  ASSERT_EQ(result.requests.size(), times.size()) << name;
  for (size_t index = 0; index < times.size(); ++index) {
    const SimulatedRequest& request = result.requests[index];
    EXPECT_EQ(request.outcome, Outcome::kFinished) << name << " " << index;
    EXPECT_NEAR(request.sent_s, times[index].sent_s, 1e-9) << name << " " << index;
    EXPECT_NEAR(request.first_token_s, times[index].first_s, 1e-9) << name << " " << index;
    EXPECT_NEAR(request.last_token_s, times[index].last_s, 1e-9) << name << " " << index;
  }
}

template <typename Change>
SchedulerPolicy With(SchedulerPolicy policy, const Change& change) {
  change(policy);
  return policy;
}

// 0.1 s for each token of a prompt, 1 s for decodes: every time can be added up by hand.
TEST(SimulateServing, TimelinesByHand) {
  const Rows three = {{5, 3, 0, 0}, {6, 2, 0, 1}, {10, 1, 0, 2}};
  const Rows uneven = {{10, 3, 0, 0}, {2, 3, 0, 1}};
  const Rows closed = {{10, 2, -1, 0}, {10, 2, -1, 1}};
  const Rows session = {{10, 2, -1, 0, 0}, {20, 2, -1, 0, 1, 0.5}};
  const SchedulerPolicy two_ranks =
      With(Policy(Kind::kPrefillFirst, 100), [](auto& p) { p.num_ranks = 2; });
  const struct {
    const char* name;
    Rows rows;
    SchedulerPolicy policy;
    int64_t concurrency;
    std::vector<Times> times;
  } kCases[] = {
      {"prompts first",
       three,
       Policy(Kind::kPrefillFirst),
       0,
       {{0, 0.8, 4.1}, {0, 1.6, 3.1}, {0, 2.1, 2.1}}},
      {"mixed", three, Policy(Kind::kMixed), 0, {{0, 0.8, 4.1}, {0, 2.5, 4.1}, {0, 4.1, 4.1}}},
      {"in lockstep the slowest decides", uneven, two_ranks, 0, {{0, 1, 3}, {0, 1, 3}}},
      {"ranks of their own",
       uneven,
       With(two_ranks, [](auto& p) { p.ranks_in_lockstep = false; }),
       0,
       {{0, 1, 3}, {0, 0.2, 2.2}}},
      // The third goes to the first rank and stalls the second one's answer.
      {"a prompt stalls the other rank",
       {{10, 3, 0, 0}, {10, 3, 0, 1}, {5, 1, 1.5, 2}},
       two_ranks,
       0,
       {{0, 1, 4}, {0, 1, 3}, {1.5, 3, 3}}},
      {"closed loop", closed, Policy(Kind::kMixed, 100), 1, {{0, 1, 2}, {2, 3, 4}}},
      {"the way to the client",
       closed,
       With(Policy(Kind::kMixed, 100), [](auto& p) { p.response_seconds = 0.5; }),
       1,
       {{0, 1.5, 2.5}, {2.5, 4, 5}}},
      {"one front end for all",
       {{10, 2, 0, 0}, {10, 2, 0, 1}},
       With(Policy(Kind::kPrefillFirst, 100),
            [](auto& p) { p.frontend_seconds_per_request = 0.25; }),
       0,
       {{0, 1.25, 3.25}, {0, 2.25, 3.25}}},
      {"open loop idles between",
       {{10, 1, 0, 0}, {10, 1, 7, 1}},
       Policy(Kind::kMixed, 100),
       0,
       {{0, 1, 1}, {7, 8, 8}}},
      {"turns", session, Policy(Kind::kMixed, 100), 1, {{0, 1, 2}, {2.5, 4.5, 5.5}}},
      {"the host's work in the open",
       {{10, 2, 0, 0}},
       With(Policy(Kind::kMixed, 100),
            [](auto& p) { p.host_seconds_per_step = 0.5, p.overlap_schedule = false; }),
       0,
       {{0, 1.5, 3}}},
      {"the host's work hidden",
       {{10, 2, 0, 0}},
       With(Policy(Kind::kMixed, 100), [](auto& p) { p.host_seconds_per_step = 1.5; }),
       0,
       {{0, 1.5, 3}}},
      {"speculation",
       {{10, 8, 0, 0}},
       With(Policy(Kind::kMixed, 100),
            [](auto& p) { p.draft_tokens = 3, p.acceptance_length = 2.5; }),
       0,
       {{0, 1, 4}}},
  };
  for (const auto& c : kCases)
    ExpectTimes(Simulated(TablePlan(c.rows), c.policy, Workload(c.concurrency)), c.times, c.name);
}

TEST(SimulateServing, CountsStepsByKind) {
  const SimulationResult result =
      Simulated(TablePlan({{5, 3, 0, 0}, {6, 2, 0, 1}, {10, 1, 0, 2}}), Policy(Kind::kMixed));
  EXPECT_EQ(result.num_steps, 3);
  EXPECT_EQ(result.prefill.num_steps, 1);
  EXPECT_EQ(result.prefill.prefill_tokens, 8);
  EXPECT_EQ(result.mixed.num_steps, 2);
  EXPECT_EQ(result.mixed.decode_requests, 3);
  EXPECT_NEAR(result.mixed.seconds, 3.3, 1e-9);
  EXPECT_EQ(result.decode.num_steps, 0);
  EXPECT_NEAR(result.busy_s, 4.1, 1e-9);
  EXPECT_NEAR(result.end_s, 4.1, 1e-9);
  EXPECT_DOUBLE_EQ(result.mean_decoding, 1.5);
  EXPECT_EQ(result.peak_running, 3);
}

TEST(SimulateServing, DealsRequestsToTheLeastLoaded) {
  const Rows rows = {{10, 9, 0, 0}, {10, 1, 0, 1}, {10, 1, 2, 2}, {10, 1, 2, 3}};
  SchedulerPolicy policy = Policy(Kind::kMixed, 100);
  policy.num_ranks = 2;
  policy.ranks_in_lockstep = false;
  EXPECT_NEAR(Simulated(TablePlan(rows), policy).requests[2].first_token_s, 4,
              1e-9);  // behind the first
  policy.dispatch = SchedulerPolicy::Dispatch::kLeastLoaded;
  EXPECT_NEAR(Simulated(TablePlan(rows), policy).requests[2].first_token_s, 3, 1e-9);
}

TEST(SimulateServing, TurnsFindTheirContexts) {
  SchedulerPolicy policy = Policy(Kind::kMixed, 100);
  policy.page_size = 4;
  const TablePlan plan({{8, 4, -1, 0, 0}, {17, 4, -1, 0, 1}, {30, 1, -1, 0, 2}});
  spec::WorkloadSpec workload = Workload(1);
  workload.sessions.turns = 3;
  const SimulationResult result = Simulated(plan, policy, workload);
  EXPECT_EQ(result.requests[0].cached_tokens, 0);
  EXPECT_EQ(result.requests[1].cached_tokens, 8);   // 11 are known: two pages
  EXPECT_EQ(result.requests[2].cached_tokens, 20);  // 20 of them
  policy.prefix_cache = false;
  EXPECT_EQ(Simulated(plan, policy, workload).requests[2].cached_tokens, 0);
}

TEST(SimulateServing, GroupsFindTheirPrefix) {
  spec::WorkloadSpec workload;
  workload.name = "groups";
  workload.input_tokens.mean = 100;
  workload.output_tokens.mean = 4;
  workload.num_requests = 8;
  workload.concurrency = 1;
  workload.prefix = {.groups = 2, .tokens = 70};
  const auto plan = workload::MakePlan(workload, 1);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  SchedulerPolicy policy = Policy(Kind::kPrefillFirst, 1000);
  policy.page_size = 16;
  const auto result = SimulateServing(**plan, workload, policy, HandCost());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  for (const SimulatedRequest& request : result->requests)
    EXPECT_EQ(request.cached_tokens, request.index < 2 ? 0 : 64) << request.index;
}

TEST(SimulateServing, RefusesOneAndServesTheOthers) {
  const SimulationResult result = Simulated(TablePlan({{900, 200, -1, 0}, {10, 1, -1, 1}}),
                                            Policy(Kind::kMixed, 100), Workload(1));
  EXPECT_EQ(result.num_refused, 1);
  EXPECT_THAT(result.refusal, HasSubstr("900 tokens in"));
  EXPECT_EQ(result.requests[0].outcome, Outcome::kRefused);
  EXPECT_EQ(result.requests[1].outcome, Outcome::kFinished);
}

TEST(SimulateServing, ClientsLeaveEarly) {
  spec::WorkloadSpec workload = Workload();
  workload.abort_share = 1;
  workload.abort_after_tokens = 2;
  const SimulationResult result =
      Simulated(TablePlan({{10, 5, 0, 0}, {10, 2, 0, 1}}), Policy(Kind::kMixed, 100), workload);
  EXPECT_EQ(result.requests[0].outcome, Outcome::kAborted);
  EXPECT_EQ(result.requests[0].output_tokens, 2);
  EXPECT_EQ(result.requests[1].outcome, Outcome::kFinished);
}

TEST(SimulateServing, StopsAtItsLimits) {
  const TablePlan plan({{10, 500, 0, 0}, {10, 1, 400, 1}});
  const SchedulerPolicy policy = Policy(Kind::kMixed, 100);
  auto result = SimulateServing(plan, Workload(), policy, HandCost(), {.max_steps = 10});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->stop, SimulationResult::Stop::kMaxSteps);
  EXPECT_EQ(result->requests[0].outcome, Outcome::kUnfinished);
  EXPECT_EQ(result->requests[1].outcome, Outcome::kUnsent);
  result = SimulateServing(plan, Workload(), policy, HandCost(), {.max_seconds = 50});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->stop, SimulationResult::Stop::kMaxSeconds);
  EXPECT_LE(result->end_s, 50);
}

class BrokenCost : public StepCost {
 public:
  explicit BrokenCost(double seconds) : seconds_(seconds) {}
  double SecondsOf(std::span<const RankStep>) const override { return seconds_; }

 private:
  const double seconds_;
};

TEST(SimulateServing, SaysWhatIsWrongWithItsInputs) {
  const TablePlan plan({{10, 5, 0, 0}});
  const SchedulerPolicy policy = Policy(Kind::kMixed, 100);
  for (const double seconds : {-1.0, std::nan(""), HUGE_VAL})
    EXPECT_THAT(SimulateServing(plan, Workload(), policy, BrokenCost(seconds)).status().message(),
                HasSubstr("the cost of step 0 is"));
  const TablePlan text({{0, 5, 0, 0}});
  EXPECT_EQ(SimulateServing(text, Workload(), policy, HandCost()).status().param(), "dataset");
  EXPECT_EQ(SimulateServing(plan, Workload(), {}, HandCost()).status().param(), "kv_tokens");
  EXPECT_EQ(
      SimulateServing(plan, Workload(), policy, HandCost(), {.max_steps = 0}).status().param(),
      "max_steps");
  EXPECT_EQ(
      SimulateServing(plan, Workload(), policy, HandCost(), {.max_seconds = NAN}).status().param(),
      "max_seconds");
}

}  // namespace
}  // namespace redline::planner
