#include "lab/report/live_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::lab {
namespace {

using testing::ElementsAre;

LiveProgress Sample() {
  return {.name = "sharegpt",
          .repeat = 2,
          .num_repeats = 5,
          .elapsed_s = 35,
          .num_total = 1000,
          .num_sent = 514,
          .num_done = 500,
          .num_failed = 3,
          .output_tps = 12345,
          .request_rate = 45.25,
          .ttft = {43.25, 210.5},
          .errors = {{"reset", 1}, {"timeout", 2}}};
}

TEST(LiveText, Lines) {
  EXPECT_THAT(LiveLines(Sample(), 80),
              ElementsAre("sharegpt run 2 of 5", "[############............]  50%  35s, 35s left",
                          "requests  500 of 1,000 done, 14 in flight, 3 failed",
                          "speed     12,345 output tokens/s, 45.25 requests/s",
                          "ttft      p50 43.25 p99 210.5 ms", "gaps      -",
                          "errors    reset 1, timeout 2"));
}

TEST(LiveText, KeepsToItsWidth) {
  LiveProgress progress = Sample();
  progress.name = std::string(200, 'x') + "\x1b[2J";
  for (const size_t width : {0, 1, 20, 40, 300}) {
    for (const std::string& line : LiveLines(progress, width)) {
      EXPECT_LE(line.size(), width);
      EXPECT_EQ(line.find('\x1b'), std::string::npos);
    }
  }
}

TEST(LiveText, NothingYet) {
  const std::vector<std::string> lines = LiveLines({.name = "short", .phase = "warm-up"}, 80);
  EXPECT_EQ(lines[0], "short, warm-up");
  EXPECT_EQ(lines[1], "[........................]   0%  0s");
  EXPECT_EQ(lines.size(), 6u);
  EXPECT_EQ(LiveSummary({.name = "short", .phase = "asking the server"}),
            "short, asking the server");
}

TEST(LiveText, Eta) {
  struct Case {
    double elapsed_s;
    int64_t total;
    int64_t done;
    double eta_s;
  };
  for (const Case& c : {Case{10, 100, 50, 10}, Case{10, 100, 100, 0}, Case{10, 100, 0, -1},
                        Case{0, 100, 5, -1}, Case{10, 0, 5, -1}, Case{30, 4, 3, 10}})
    EXPECT_DOUBLE_EQ(
        EtaSeconds({.elapsed_s = c.elapsed_s, .num_total = c.total, .num_done = c.done}), c.eta_s);
}

TEST(LiveText, SummaryIsOneLine) {
  const std::string text = LiveSummary(Sample());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("sharegpt run 2 of 5: 50%"), std::string::npos);
  EXPECT_NE(text.find("errors: reset 1, timeout 2"), std::string::npos);
}

}  // namespace
}  // namespace redline::lab
