// A plan's progress, how it is cancelled, and what belongs together in a request.
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>

#include "planner/plan/plan_json.h"
#include "planner/plan/plan_progress.h"
#include "planner/plan/plan_request.h"
#include "workload/presets.h"

namespace redline::planner {
namespace {

PlanRequest SmallRequest() {
  PlanRequest request{.model_path = "Qwen3-4B"};
  request.model = ModelOfPlan("Qwen3-4B").value();
  request.hardware = FindHardwareSpec("h200").value();
  request.workload = workload::FindPreset("medium").value();
  request.workload.num_requests = 30;
  request.options.engines = {"vllm"};
  request.options.num_threads = 2;
  return request;
}

TEST(PlanTest, ProgressOnlyGrowsAndNamesKnownPhases) {
  PlanRequest request = SmallRequest();
  PlanProgress progress;
  double seconds = 0;
  double last = 0;
  std::string phases;
  std::string phase;
  request.options.progress = [&](std::string_view now, size_t done, size_t all) {
    if (now != phase) phases += std::string(now) + " ";
    phase = now;
    EXPECT_LE(done, all);
    progress.Update(now, done, all, seconds += 0.02);
    EXPECT_GE(progress.fraction(), last) << now;
    EXPECT_LE(progress.fraction(), 1);
    last = progress.fraction();
  };
  const auto report = MakePlanReport(request);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(phases.substr(0, 33), "resolve simulate refine finalists") << phases;
  EXPECT_GT(last, 0.9);
}

TEST(PlanTest, ACancelledOneEndsInEveryPhase) {
  for (const std::string at : {"resolve", "simulate", "refine", "finalists"}) {
    PlanRequest request = SmallRequest();
    std::atomic<bool> cancelled{false};
    request.options.progress = [&](std::string_view phase, size_t, size_t) {
      EXPECT_FALSE(cancelled && phase != at) << phase << " after " << at;
      if (phase == at) cancelled = true;
    };
    request.options.is_cancelled = [&] { return cancelled.load(); };
    const auto report = MakePlanReport(request);
    EXPECT_TRUE(cancelled) << at;
    EXPECT_EQ(report.status().code(), Code::kCancelled) << at;
  }
}

TEST(PlanTest, TimeLeftFollowsThePaceOfAPhase) {
  PlanProgress progress;
  progress.Update("resolve", 1, 100, 0.1);
  EXPECT_LT(progress.seconds_left(), 0);
  EXPECT_EQ(progress.fraction(), 0);
  progress.Update("resolve", 50, 100, 1.9);  // 3.8 s, as a rule 38% of all
  EXPECT_NEAR(progress.seconds_left(), 8.1, 1e-9);
  EXPECT_NEAR(progress.fraction(), 0.19, 1e-9);
  progress.Update("resolve", 100, 100, 3.8);
  progress.Update("simulate", 0, 10, 3.8);
  EXPECT_NEAR(progress.seconds_left(), 6.2, 1e-9);
  // It goes slower than as a rule.
  progress.Update("finalists", 0, 10, 4);
  progress.Update("finalists", 1, 10, 14);
  EXPECT_GT(progress.seconds_left(), 90);
  progress.Update("nonesuch", 0, 0, 15);
  EXPECT_GE(progress.seconds_left(), 0);
}

TEST(PlanTest, WhatDoesNotBelongTogetherIsNamed) {
  PlanRequest request = SmallRequest();
  request.environment = {{"A", "1"}};
  EXPECT_EQ(CheckPlanRequest(request).param(), "environment");
  request.is_given = true;
  EXPECT_TRUE(CheckPlanRequest(request).ok());
  request.options.engines = {"vllm", "sglang"};
  EXPECT_EQ(CheckPlanRequest(request).param(), "engines");
  request.hardware.num_nodes = 2;
  EXPECT_EQ(CheckOneNode(request.hardware, "2xh200").param(), "hardware");
  EXPECT_EQ(ModelOfConfig("x", nlohmann::json::array()).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace redline::planner
