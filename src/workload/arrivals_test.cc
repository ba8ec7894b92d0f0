#include "workload/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace redline::workload {
namespace {

using Process = spec::ArrivalSpec::Process;

constexpr size_t kCount = 20'000;

spec::ArrivalSpec Rate(Process process, double rate, double burstiness = 1) {
  spec::ArrivalSpec spec;
  spec.process = process;
  spec.rate = rate;
  spec.burstiness = burstiness;
  return spec;
}

// Of the gaps: standard deviation over mean.
double VariationOf(const std::vector<double>& times) {
  double sum = 0;
  double squares = 0;
  for (size_t index = 1; index < times.size(); ++index) {
    const double gap = times[index] - times[index - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double count = static_cast<double>(times.size() - 1);
  return std::sqrt(squares / count - std::pow(sum / count, 2)) / (sum / count);
}

TEST(Arrivals, ClosedLoopsAndTracesHaveNoSchedule) {
  EXPECT_TRUE(ArrivalTimes(Rate(Process::kClosed, 0), 5, 1).empty());
  EXPECT_TRUE(ArrivalTimes(Rate(Process::kTrace, 0), 5, 1).empty());
}

TEST(Arrivals, BurstIsAtOnceAndConstantIsEven) {
  EXPECT_EQ(ArrivalTimes(Rate(Process::kBurst, 0), 3, 1), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(ArrivalTimes(Rate(Process::kConstant, 4), 3, 1), (std::vector<double>{0, 0.25, 0.5}));
}

TEST(Arrivals, RandomProcessesRiseAndEndWhereTheRatePutsIt) {
  const struct {
    spec::ArrivalSpec spec;
    double variation;
  } kCases[] = {
      {Rate(Process::kPoisson, 10), 1},
      {Rate(Process::kGamma, 10, 1), 1},
      {Rate(Process::kGamma, 10, 0.25), 2},
      {Rate(Process::kGamma, 10, 16), 0.25},
  };
  for (const auto& c : kCases) {
    const auto times = ArrivalTimes(c.spec, kCount, 42);
    ASSERT_EQ(times.size(), kCount);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_GE(times.front(), 0);
    EXPECT_NEAR(times.back(), kCount / 10.0, 1e-6);
    EXPECT_NEAR(VariationOf(times) / c.variation, 1, 0.04) << c.variation;
    EXPECT_NE(times, ArrivalTimes(c.spec, kCount, 43));
    EXPECT_EQ(times, ArrivalTimes(c.spec, kCount, 42));
  }
}

size_t CountBetween(const std::vector<double>& times, double from, double to) {
  return static_cast<size_t>(std::lower_bound(times.begin(), times.end(), to) -
                             std::lower_bound(times.begin(), times.end(), from));
}

TEST(Arrivals, RampGoesFromRateToRate) {
  for (const auto& [from, to] : {std::pair{10.0, 30.0}, {30.0, 10.0}, {20.0, 20.0}, {1e-6, 40.0}}) {
    spec::ArrivalSpec spec = Rate(Process::kRamp, from);
    spec.rate_end = to;
    const auto times = ArrivalTimes(spec, kCount, 42);
    const double seconds = 2 * kCount / (from + to);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_NEAR(times.back() / seconds, 1, 1e-6);
    const double tenth = seconds / 10;
    const double first = static_cast<double>(CountBetween(times, 0, tenth)) / tenth;
    const double last = static_cast<double>(CountBetween(times, seconds - tenth, seconds)) / tenth;
    EXPECT_NEAR(first, from + (to - from) * 0.05, 2);
    EXPECT_NEAR(last, from + (to - from) * 0.95, 2);
  }
}

TEST(Arrivals, StepsHoldTheirRates) {
  spec::ArrivalSpec spec;
  spec.process = Process::kSteps;
  spec.rates = {5, 50, 10};
  spec.step_seconds = 100;
  const auto times = ArrivalTimes(spec, 8000, 42);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_NEAR(static_cast<double>(CountBetween(times, 0, 100)), 500, 70);
  EXPECT_NEAR(static_cast<double>(CountBetween(times, 100, 200)), 5000, 250);
  // The last rate goes on for what is left.
  EXPECT_NEAR(times.back(), 200 + 2500 / 10.0, 1e-6);
}

TEST(Arrivals, TinyCounts) {
  for (const Process process : {Process::kPoisson, Process::kGamma, Process::kConstant}) {
    EXPECT_TRUE(ArrivalTimes(Rate(process, 2), 0, 1).empty());
    EXPECT_EQ(ArrivalTimes(Rate(process, 2), 1, 1).size(), 1u);
  }
  // Gaps of 0.001 arrivals' shape underflow to nothing; the schedule stays finite.
  for (const double time : ArrivalTimes(Rate(Process::kGamma, 2, 1e-3), 3, 1))
    EXPECT_TRUE(std::isfinite(time));
}

}  // namespace
}  // namespace redline::workload
