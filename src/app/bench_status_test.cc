// What a benchmark tells programs of itself in status.json.
#include "app/bench_status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace redline::app {
namespace {

using nlohmann::json;

class BenchStatusTest : public testing::Test {
 protected:
  // A run at 50 tokens a second and 2 requests a second.
  void Run(BenchStatus& status, int64_t repeat, double seconds) {
    lab::LoadProgress load;
    for (double now = 0; now <= seconds; now += 0.5) {
      load.elapsed_s = now;
      load.output_events = static_cast<uint64_t>(now * 50);
      load.finished = static_cast<uint64_t>(now * 2);
      status.Show({.phase = "run", .repeat = repeat, .load = &load},
                  {.name = "short", .repeat = repeat, .num_repeats = 2, .elapsed_s = now});
    }
  }
  json Read() const {
    const auto text = ReadFile(file_);
    return text.ok() ? json::parse(*text) : json();
  }

  const std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / "bench-status-test.json";
};

TEST_F(BenchStatusTest, HasTheRatesOverTimeOfEachRepeat) {
  BenchStatus status(file_);
  Run(status, 1, 3);
  Run(status, 2, 2);
  lab::Measurement measurement;
  measurement.intervals["output_tps"] = {.low = 48, .high = 52};
  measurement.invalid_reasons = {"too late"};
  status.SetResult(measurement);
  status.Finish(OkStatus());
  const json told = Read();
  EXPECT_EQ(told["state"], "finished");
  ASSERT_EQ(told["series"].size(), 5);
  for (const json& point : told["series"]) {
    EXPECT_DOUBLE_EQ(point["output_tps"], 50);
    EXPECT_DOUBLE_EQ(point["request_rate"], 2);
  }
  EXPECT_EQ(told["series"][4]["repeat"], 2);
  EXPECT_EQ(told["series"][4]["elapsed_seconds"], 2);
  EXPECT_EQ(told["figures"]["output_tps.high"], 52);
  EXPECT_EQ(told["flaws"], json({"too late"}));
}

TEST_F(BenchStatusTest, StaysSmallHoweverLongItRuns) {
  BenchStatus status(file_);
  Run(status, 1, 10'000);
  status.Finish(Status(Code::kCancelled, "stopped"));
  const json told = Read();
  EXPECT_EQ(told["state"], "failed");
  EXPECT_EQ(told["error"], "stopped");
  EXPECT_LT(told["series"].size(), 600);
  EXPECT_GT(told["series"].back()["elapsed_seconds"], 9900);
}

TEST_F(BenchStatusTest, WritesNothingWithoutAFile) {
  BenchStatus status({});
  Run(status, 1, 2);
  status.Finish(OkStatus());
}

}  // namespace
}  // namespace redline::app
