#include "lab/sweep/sweep.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

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

TEST(Sweep, PointsHavePromptsOfTheirOwn) {
  std::set<uint64_t> seeds;
  for (const char* name : {"concurrency-1", "concurrency-2", "rate-1.5", "rate-15"}) {
    for (const int attempt : {1, 2}) {
      const SweepPoint point{.name = name, .attempt = attempt};
      EXPECT_EQ(SeedOf(point, 1), SeedOf(point, 1));
      for (const uint64_t seed_of_sweep : {1, 2}) seeds.insert(SeedOf(point, seed_of_sweep));
    }
  }
  EXPECT_EQ(seeds.size(), 16u);
  EXPECT_LT(*seeds.rbegin(), uint64_t{1} << 40);
}

TEST(Sweep, NoObjectiveNoRates) {
  const auto result = RunSweep({}, {}, Modelled);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->max_rate);
  for (const SweepPoint& point : result->points) EXPECT_EQ(point.rate, 0);
}

TEST(Sweep, NoRateIsTriedBelowWhatAnIdleServerGets) {
  const auto result = RunSweep({{"ttft_ms.p99", 1}}, {}, Modelled);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->max_rate);
  EXPECT_NE(result->rate_note, "");
  for (const SweepPoint& point : result->points) {
    if (point.rate <= 0) continue;
    EXPECT_GE(point.rate, 1);  // a tenth of the 10/s of a client alone
    EXPECT_TRUE(point.reason.starts_with("ttft_ms.p99 1")) << point.reason;
    EXPECT_TRUE(point.reason.ends_with("> 1")) << point.reason;
  }
}

TEST(Sweep, LadderThatEndsEarlyIsNotSaturated) {
  const auto result = RunSweep({}, {.most_concurrency = 4}, Modelled);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->saturation_concurrency);
  EXPECT_TRUE(Findings(*result)[0].starts_with("not saturated up to concurrency 4"))
      << Findings(*result)[0];
  EXPECT_NE(ToJson(*result).find(R"("saturated":false)"), std::string::npos);
  EXPECT_NE(ToJson(*result).find(R"("saturation_concurrency":null)"), std::string::npos);
}

TEST(Sweep, NoAnswerAtAllEndsIt) {
  const auto result = RunSweep({}, {}, [](const SweepPoint&) -> Result<Measurement> {
    Measurement measurement;
    measurement.summary.values["request_rate"] = 0;
    measurement.repeats.resize(1);
    measurement.repeats[0].outcomes = {{"http_error", 24, "HTTP 500"}};
    return measurement;
  });
  EXPECT_EQ(result.status().code(), Code::kUnavailable);
  EXPECT_EQ(result.status().message(),
            "concurrency-1: no request was answered: 24 http_error (HTTP 500)");
}

// At rates above 50 the first attempts of `num_invalid` are INVALID.
Result<SweepResult> RunWithInvalid(int num_invalid) {
  return RunSweep({{"ttft_ms.p99", 400}}, {}, [&](const SweepPoint& point) {
    Measurement measurement = Modelled(point);
    if (point.rate <= 50 || point.attempt > num_invalid) return measurement;
    measurement.valid = false;
    measurement.repeats.resize(1);
    measurement.repeats[0].invalid_reasons = {"client_busy: 91% of a core"};
    return measurement;
  });
}

TEST(Sweep, InvalidPointsAreMeasuredAgainAndNeverTheMaximum) {
  const auto passing = RunWithInvalid(2);
  EXPECT_GT(passing->max_rate.value_or(0), 50);
  EXPECT_EQ(passing->rate_note, "");
  const auto lasting = RunWithInvalid(3);
  EXPECT_EQ(lasting->max_rate, 40);
  EXPECT_EQ(lasting->points.back().attempt, 3);
  EXPECT_EQ(lasting->rate_note, "rate-80 stayed INVALID: client_busy: 91% of a core");
  const auto num_at_80 =
      std::count_if(lasting->points.begin(), lasting->points.end(),
                    [](const SweepPoint& point) { return point.name == "rate-80"; });
  EXPECT_EQ(num_at_80, 1);
}

TEST(Sweep, ABurstShowsNoRate) {
  const auto result = RunSweep({{"ttft_ms.p99", 1000}}, {}, [](const SweepPoint& point) {
    Measurement measurement = Modelled(point);
    measurement.summary.values["requests"] = 6;
    return measurement;
  });
  EXPECT_EQ(result->max_rate, 40);  // 6 at 80/s would take 75 ms, an answer 167 ms
  EXPECT_NE(result->rate_note.find("6 requests are too few"), std::string::npos);
}

TEST(Sweep, FailuresBreakARateAndSayWhich) {
  const auto result =
      RunSweep({{"ttft_ms.p99", 1000}}, {.most_rates = 4}, [](const SweepPoint& point) {
        Measurement measurement = Modelled(point);
        if (point.rate <= 20) return measurement;
        measurement.repeats.resize(1);
        measurement.repeats[0].outcomes = {{"ok", 5, ""}, {"timeout", 3, "no event for 1 s"}};
        measurement.repeats[0].invalid_reasons = {"too_many_errors: 3 of 8"};
        return measurement;
      });
  EXPECT_EQ(result->max_rate, 20);
  const SweepPoint& broken = result->points[result->points.size() - 1];
  EXPECT_EQ(broken.reason, "failed: 3 timeout (no event for 1 s)");
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
  for (const char* wrong :
       {"", "ttft_ms.p99", "ttft_ms.p99<=", "ttft_ms.p99<=x", "ttft_ms.p99<=-1",
        "ttft_ms.p99<=1e999", "nothing<=3", "ttft_ms.foo<=5", "ttft_ms.p99.p50<=1",
        "output_tps.p99<=1", "ttft_ms.<=1", "ttft_ms.p99<=3 ms"}) {
    EXPECT_EQ(ObjectiveFromText(wrong).status().param(), "slo") << wrong;
  }
  const std::string message = ObjectiveFromText("tftt_ms.p99<=5").status().message();
  EXPECT_NE(message.find("did you mean \"ttft_ms.p99\"?"), std::string::npos) << message;
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
