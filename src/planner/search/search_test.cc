#include "planner/search/search.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <set>

#include "planner/search/evaluator.h"
#include "planner/search/explanation.h"
#include "planner/search/fit_rules.h"
#include "planner/search/frontier.h"
#include "planner/search/parallel_for.h"
#include "workload/presets.h"

namespace redline::planner {
namespace {

spec::WorkloadSpec SmallWorkload() {
  spec::WorkloadSpec workload = *workload::FindPreset("medium");
  workload.num_requests = 40;
  return workload;
}

class SearchTest : public testing::Test {
 protected:
  SearchTest() : model_(*FindModel("Qwen3-4B")), hardware_(*FindHardwareSpec("h200x2")) {}

  SearchResult Run(SearchOptions options, spec::WorkloadSpec workload = SmallWorkload()) {
    auto result = Search({model_, hardware_}, {workload}, options);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return std::move(*result);
  }

  KnownModel model_;
  HardwareSpec hardware_;
};

TEST_F(SearchTest, CountsAddUp) {
  const SearchResult result = Run({.engines = {"vllm", "tensorrt_llm"}, .num_threads = 2});
  EXPECT_EQ(result.space.num_combinations,
            result.space.num_refused + result.space.num_duplicates + result.num_distinct);
  EXPECT_GE(result.space.num_distinct_resolved, result.num_distinct);
  const WorkloadRanking& ranking = result.workloads.front();
  EXPECT_EQ(static_cast<int64_t>(ranking.ranking.size()),
            result.num_distinct - result.num_unfit + result.num_refined);
  EXPECT_EQ(ranking.screened_requests, 40);
  EXPECT_FALSE(ranking.finalists_only);
}

TEST_F(SearchTest, TheRankingIsInOrderAndNoSettingsComeTwice) {
  const SearchResult result = Run({.engines = {"vllm"}});
  const std::vector<Outcome>& ranking = result.workloads.front().ranking;
  std::set<EngineSettings> seen;
  for (size_t place = 0; place < ranking.size(); ++place) {
    EXPECT_TRUE(seen.insert(ranking[place].candidate.settings).second) << place;
    if (place == 0) continue;
    EXPECT_FALSE(IsBetter(ranking[place], ranking[place - 1], Goal::kThroughput)) << place;
  }
}

TEST_F(SearchTest, ThreadsChangeNothing) {
  const SearchResult one = Run({.engines = {"tensorrt_llm"}, .num_threads = 1});
  const SearchResult three = Run({.engines = {"tensorrt_llm"}, .num_threads = 3});
  const auto& left = one.workloads.front().ranking;
  const auto& right = three.workloads.front().ranking;
  ASSERT_EQ(left.size(), right.size());
  for (size_t place = 0; place < left.size(); ++place) {
    EXPECT_EQ(left[place].candidate.choice, right[place].candidate.choice) << place;
    EXPECT_EQ(left[place].prediction.total_tps.value, right[place].prediction.total_tps.value);
  }
}

// The shared runs of limits that are never met give what a run of one's own gives.
TEST_F(SearchTest, SharedRunsAreTheSameAsTheirOwn) {
  const SearchOptions options{.engines = {"tensorrt_llm"}};
  const SearchResult result = Run(options);
  const auto evaluator =
      Evaluator::Make({model_, hardware_}, {SmallWorkload()}, result.engines, options);
  ASSERT_TRUE(evaluator.ok());
  const auto& ranking = result.workloads.front().ranking;
  for (size_t place = 0; place < ranking.size(); place += 7) {
    const auto own = evaluator->ScreenOne(ranking[place].candidate, 0);
    ASSERT_TRUE(own.ok()) << own.status().ToString();
    EXPECT_EQ(own->prediction.total_tps.value, ranking[place].prediction.total_tps.value);
    EXPECT_EQ(own->prediction.p99_ttft_ms, ranking[place].prediction.p99_ttft_ms);
  }
}

TEST_F(SearchTest, TheExplanationAddsUp) {
  const SearchOptions options{.engines = {"vllm", "sglang"}};
  const SearchResult result = Run(options);
  const auto evaluator =
      Evaluator::Make({model_, hardware_}, {SmallWorkload()}, result.engines, options);
  ASSERT_TRUE(evaluator.ok());
  const Outcome& winner = result.workloads.front().ranking.front();
  const auto explanation = Explain(*evaluator, 0, winner);
  ASSERT_TRUE(explanation.ok()) << explanation.status().ToString();
  EXPECT_TRUE(explanation->baseline_engine.starts_with("vllm@"));
  double gain = 1;
  TimeSplit left = SplitOf(explanation->start);
  EXPECT_NEAR(left.Total(), explanation->start.prediction.duration_s, 1e-9);
  for (const ExplanationStep& step : explanation->steps) {
    gain *= step.gain;
    left.operations.Add(step.removed.operations, -1);
    left.waiting_s -= step.removed.waiting_s;
  }
  EXPECT_NEAR(gain, explanation->gain.value, 1e-9);
  EXPECT_NEAR(left.Total(), winner.prediction.duration_s, 1e-6);
  const TimeSplit right = SplitOf(winner);
  for (size_t index = 0; index < kNumOperations; ++index) {
    EXPECT_NEAR(left.operations.seconds[index], right.operations.seconds[index], 1e-6) << index;
  }
}

TEST_F(SearchTest, ObjectivesComeBeforeSpeed) {
  spec::WorkloadSpec workload = SmallWorkload();
  workload.slo_classes = {{.ttft_ms = 600}};
  const SearchResult result = Run({.engines = {"vllm"}}, workload);
  bool was_broken = false;
  for (const Outcome& outcome : result.workloads.front().ranking) {
    EXPECT_FALSE(outcome.keeps_slo && was_broken);
    was_broken |= !outcome.keeps_slo;
  }
}

TEST_F(SearchTest, ALongWorkloadIsScreenedOnItsBeginning) {
  spec::WorkloadSpec workload = *workload::FindPreset("short");
  workload.num_requests = 3000;
  const SearchResult result = Run({.engines = {"tensorrt_llm"}}, workload);
  const WorkloadRanking& ranking = result.workloads.front();
  EXPECT_EQ(ranking.screened_requests, kMaxScreenedRequests);
  EXPECT_EQ(ranking.simulated_requests, 3000);
  EXPECT_TRUE(ranking.finalists_only);
  for (const size_t place : ranking.frontier) EXPECT_LT(place, ranking.num_finalists);
}

TEST_F(SearchTest, WhatCannotRunSaysWhy) {
  const auto model = FindModel("DeepSeek-V3.2");
  const auto result =
      Search({*model, hardware_}, {SmallWorkload()}, {.engines = {"vllm"}, .num_threads = 2});
  EXPECT_EQ(result.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(result.status().message().find("does not fit"), std::string::npos)
      << result.status().message();
  EXPECT_EQ(Search({model_, hardware_}, {SmallWorkload()}, {.engines = {"vlm"}}).status().code(),
            Code::kInvalidArgument);
}

TEST(FitRules, UnevenPartsAreRefused) {
  const auto model = FindModel("DeepSeek-V3.2");
  EngineSettings settings{.engine = "sglang", .layout = {.attention_tp = 8, .ffn_tp = 8}};
  EXPECT_TRUE(CheckParallelism(settings, model->shape).ok());
  settings.layout.attention_tp = 7;
  EXPECT_NE(CheckParallelism(settings, model->shape).message().find("128 attention heads"),
            std::string::npos);
  settings.layout = {.attention_tp = 8, .ffn_tp = 1, .expert_parallel = 6};
  EXPECT_FALSE(CheckParallelism(settings, model->shape).ok());
}

TEST(Frontier, NothingOnItIsBeaten) {
  const std::vector<FrontierPoint> points = {{3, 10},   {1, 5},  {2, 4}, {1, 5},
                                             {NAN, 99}, {4, 10}, {2, 9}};
  EXPECT_EQ(ParetoFrontier(points), (std::vector<size_t>{1, 6, 0}));
  EXPECT_TRUE(ParetoFrontier({}).empty());
}

TEST(ParallelFor, EachOnceAndAllDone) {
  std::vector<std::atomic<int>> calls(1000);
  size_t last = 0;
  ParallelFor(
      calls.size(), 4, [&](size_t index) { ++calls[index]; }, [&](size_t done) { last = done; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_LE(last, calls.size());
  ParallelFor(0, 4, [](size_t) { FAIL(); });
}

TEST(Goals, AreNamed) {
  for (const Goal goal : {Goal::kThroughput, Goal::kLatency, Goal::kCost}) {
    EXPECT_EQ(*GoalFromName(NameOf(goal)), goal);
  }
  EXPECT_EQ(GoalFromName("fast").status().param(), "goal");
}

}  // namespace
}  // namespace redline::planner
