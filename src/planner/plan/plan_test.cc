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
  double last = 0;
  std::string phases;
  std::string phase;
  request.options.progress = [&](std::string_view now, size_t done, size_t all) {
    if (now != phase) phases += std::string(now) + " ";
    phase = now;
    EXPECT_LE(done, all);
    const double fraction = FractionOfPlan(now, done, all);
    EXPECT_GE(fraction, last) << now;
    EXPECT_LE(fraction, 1);
    last = fraction;
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

TEST(PlanTest, TimeLeftIsSaidWhenSomethingIsKnown) {
  EXPECT_LT(SecondsLeft(0, 10), 0);
  EXPECT_LT(SecondsLeft(0.5, 0.1), 0);
  EXPECT_DOUBLE_EQ(SecondsLeft(0.25, 2), 6);
  EXPECT_DOUBLE_EQ(SecondsLeft(1, 2), 0);
  EXPECT_EQ(FractionOfPlan("nonesuch", 1, 2), 0);
  EXPECT_EQ(FractionOfPlan("resolve", 0, 0), 0);
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
