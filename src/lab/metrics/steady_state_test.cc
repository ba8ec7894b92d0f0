#include "lab/metrics/steady_state.h"

#include <gtest/gtest.h>

#include <random>

#include "lab/metrics/records_for_test.h"

namespace redline::lab {
namespace {

TEST(SteadyState, AWarmUpIsCutOff) {
  // The first 20 of each place's 100 requests are slow.
  std::mt19937_64 random(1);
  const auto records = ClosedLoop(8, 100, [&](int, int i) {
    const double noise = static_cast<double>(random() % 1000) / 50;
    return (i < 20 ? 300.0 : 100.0) + noise;
  });
  const SteadyState steady = FindSteadyState(records);
  ASSERT_TRUE(steady.found) << steady.reason;
  EXPECT_GT(steady.window.begin_s, 5.0);
  EXPECT_LT(steady.window.begin_s, 8.0);
  EXPECT_GT(steady.window.end_s, 14.0);
}

TEST(SteadyState, AnEvenRunIsNearlyAllSteady) {
  std::mt19937_64 random(2);
  const auto records =
      ClosedLoop(8, 100, [&](int, int) { return 95.0 + static_cast<double>(random() % 10); });
  const SteadyState steady = FindSteadyState(records);
  ASSERT_TRUE(steady.found) << steady.reason;
  EXPECT_GT(steady.window.seconds(), 0.7 * SpanOf(records).seconds());
}

TEST(SteadyState, ABurstHasNone) {
  std::vector<RequestRecord> records;
  for (int i = 1; i <= 500; ++i) {
    records.push_back(
        MakeRecord({.sent = 0, .first = 20.0 * i - 10, .last = 20.0 * i, .end = 20.0 * i}));
  }
  const SteadyState steady = FindSteadyState(records);
  EXPECT_FALSE(steady.found);
  EXPECT_NE(steady.reason.find("at once"), std::string::npos) << steady.reason;
}

TEST(SteadyState, AnOverloadedOpenLoopHasNone) {
  // Twice as many come as can be served: request i, sent at 5 i, ends at 10 i.
  std::vector<RequestRecord> records;
  for (int i = 1; i <= 1000; ++i) {
    records.push_back(MakeRecord(
        {.sent = 5.0 * i, .first = 10.0 * i - 1, .last = 10.0 * i, .end = 10.0 * i + 1}));
  }
  EXPECT_FALSE(FindSteadyState(records).found);
}

TEST(SteadyState, TooFewRequestsSaySo) {
  const auto records = ClosedLoop(2, 4, [](int, int) { return 100.0; });
  const SteadyState steady = FindSteadyState(records);
  EXPECT_FALSE(steady.found);
  EXPECT_NE(steady.reason.find("more requests"), std::string::npos) << steady.reason;
  EXPECT_FALSE(FindSteadyState({}).found);
}

TEST(SteadyState, MserFindsTheEndOfATransient) {
  std::mt19937_64 random(3);
  std::vector<double> series;
  for (int i = 0; i < 200; ++i)
    series.push_back((i < 40 ? 50.0 : 100.0) + static_cast<double>(random() % 7));
  EXPECT_GE(MserCut(series), 40u);
  EXPECT_LE(MserCut(series), 100u);
}

TEST(SteadyState, MserOfAnEndlessTrendIsNothing) {
  std::vector<double> series;
  for (int i = 0; i < 200; ++i) series.push_back(i * i);
  EXPECT_EQ(MserCut(series), series.size());
  EXPECT_EQ(MserCut(std::span(series).first(49)), 49u);
}

TEST(SteadyState, TheDrainIsLeftOut) {
  auto records = ClosedLoop(10, 10, [](int, int) { return 100.0; });
  records.push_back(MakeRecord({.sent = 900, .first = 950, .last = 9000, .end = 9000}));
  const TimeSpan before = BeforeDrain(records);
  EXPECT_NEAR(before.end_s, 1.0, 0.05);
}

}  // namespace
}  // namespace redline::lab
