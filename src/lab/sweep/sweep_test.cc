#include "lab/sweep/sweep.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "lab/sweep/sweep_folder.h"

namespace redline::lab {
namespace {

// A server that makes 100 requests of 10 tokens a second at most, each in 0.1 s when alone.
Measurement Modelled(const SweepPoint& point) {
  constexpr double kCapacity = 100, kServiceS = 0.1;
  double rate = 0, e2e_s = kServiceS;
  if (point.concurrency > 0) {
    rate = std::min(static_cast<double>(point.concurrency) / kServiceS, kCapacity);
    e2e_s = static_cast<double>(point.concurrency) / rate;
  } else {
    rate = std::min(point.rate, kCapacity);
    e2e_s = kServiceS / std::max(0.001, 1 - point.rate / kCapacity);
  }
  Measurement measurement;
  measurement.summary.values = {{"output_tps", rate * 10}, {"request_rate", rate}};
  measurement.summary.distributions["e2e_ms"] = {.mean = e2e_s * 1e3, .p99 = e2e_s * 1e3};
  measurement.summary.distributions["ttft_ms"] = {.mean = e2e_s * 1e3, .p99 = e2e_s * 1e3};
  return measurement;
}

TEST(Sweep, FindsSaturationKneeAndRate) {
  const auto result = RunSweep({{"ttft_ms.p99", 400}}, {}, Modelled);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->saturation_concurrency, 16);  // 10 would do; the ladder has 8 and 16
  EXPECT_EQ(result->knee_concurrency, 8);
  EXPECT_DOUBLE_EQ(result->best_output_tps, 1000);
  ASSERT_TRUE(result->max_rate);
  EXPECT_NEAR(*result->max_rate, 75, 75 * 0.06);  // 100 ms / (1 - 0.75)
  EXPECT_LE(*result->max_rate, 75);
}

TEST(Sweep, NoObjectiveNoRates) {
  const auto result = RunSweep({}, {}, Modelled);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->max_rate);
  for (const SweepPoint& point : result->points) EXPECT_EQ(point.rate, 0);
}

TEST(Sweep, ObjectiveThatNoRateKeeps) {
  const auto result = RunSweep({{"ttft_ms.p99", 1}}, {.most_rates = 6}, Modelled);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->max_rate);
}

TEST(Sweep, StoppedKeepsWhatWasMeasured) {
  int num_points = 0;
  const auto result = RunSweep({}, {}, [&](const SweepPoint& point) -> Result<Measurement> {
    if (++num_points > 2) return Status(Code::kCancelled, "stopped");
    return Modelled(point);
  });
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->is_complete);
  EXPECT_EQ(result->points.size(), 2u);
}

TEST(Objective, Texts) {
  const auto objective = ObjectiveFromText("ttft_ms.p99<=2000");
  ASSERT_TRUE(objective.ok());
  EXPECT_EQ(objective->figure, "ttft_ms.p99");
  EXPECT_EQ(objective->limit, 2000);
  for (const char* wrong : {"", "ttft_ms.p99", "ttft_ms.p99<=", "ttft_ms.p99<=x", "ttft_ms.p99<=-1",
                            "ttft_ms.p99<=1e999", "nothing<=3", "ttft_ms.p99<=3 ms"}) {
    EXPECT_EQ(ObjectiveFromText(wrong).status().param(), "slo") << wrong;
  }
}

TEST(SweepFolder, KeepsPointsAndRefusesAnotherSweep) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "sweep_folder_test" / std::to_string(getpid());
  std::filesystem::remove_all(path);
  const auto folder = SweepFolder::Open(path, "{\"a\":1}");
  ASSERT_TRUE(folder.ok()) << folder.status().ToString();
  EXPECT_FALSE(folder->Find("rate-1")->has_value());
  Measurement measurement;
  measurement.model = "m";
  ASSERT_TRUE(folder->Save("rate-1", measurement).ok());
  const auto again = SweepFolder::Open(path, "{\"a\":1}");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->Find("rate-1")->value().model, "m");
  EXPECT_EQ(SweepFolder::Open(path, "{\"a\":2}").status().code(), Code::kFailedPrecondition);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace redline::lab
