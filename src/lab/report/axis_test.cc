#include "lab/report/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace redline::lab {
namespace {

std::string Labels(const Axis& axis) {
  std::string text;
  for (const Axis::Tick& tick : axis.ticks()) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

TEST(Axis, TicksAreRound) {
  struct Case {
    Scale scale;
    Range range;
    const char* labels;
  };
  const Case cases[] = {
      {Scale::kLinear, {0, 10}, "0 2 4 6 8 10"},
      {Scale::kLinear, {0, 0.3}, "0 0.1 0.2 0.3"},
      {Scale::kLinear, {0, 0.00021}, "0 0.00005 0.0001 0.00015 0.0002 0.00025"},
      {Scale::kLinear, {3, 4}, "3 3.2 3.4 3.6 3.8 4"},
      {Scale::kLinear, {0, 2702.3}, "0 1000 2000 3000"},
      {Scale::kLinear, {0, 17000}, "0 5000 10k 15k 20k"},
      {Scale::kLinear, {0, 2.4e6}, "0 500k 1M 1.5M 2M 2.5M"},
      {Scale::kLinear, {-1.5, 1}, "-1.5 -1 -0.5 0 0.5 1"},
      {Scale::kLog, {3, 180}, "2 5 10 20 50 100 200"},
      {Scale::kLog, {1, 10}, "1 2 5 10"},
      {Scale::kLog, {0.02, 30000}, "0.02 0.1 1 10 100 1000 10k 50k"},
  };
  for (const Case& c : cases) {
    const Axis axis(c.scale, c.range, 0, 100, 5);
    EXPECT_EQ(Labels(axis), c.labels);
    EXPECT_LE(axis.low(), c.range.low + 1e-9);
    EXPECT_GE(axis.high(), c.range.high - 1e-9);
  }
}

TEST(Axis, PositionsFollowTheScale) {
  const Axis linear(Scale::kLinear, {0, 10}, 200, 0, 5);
  EXPECT_DOUBLE_EQ(linear.Position(5), 100);
  EXPECT_DOUBLE_EQ(linear.Position(-1), 200);
  EXPECT_DOUBLE_EQ(linear.Position(1e300), 0);
  const Axis logarithmic(Scale::kLog, {1, 100}, 0, 100, 5);
  EXPECT_NEAR(logarithmic.Position(10), 50, 1e-9);
}

TEST(Axis, AnyFiniteRangeHasFewFiniteTicks) {
  const double greatest = std::numeric_limits<double>::max();
  const Range ranges[] = {{0, 0},        {5, 5},           {7, 3},         {-greatest, greatest},
                          {0, greatest}, {1e-320, 1e-319}, {1, 1 + 1e-15}, {1e15, 1e15},
                          {0, 5e-324},   {0, 1e-323},      {0, 1e-12},     {-1e-323, 0}};
  for (const Scale scale : {Scale::kLinear, Scale::kLog}) {
    for (const Range& range : ranges) {
      const Axis axis(scale, range, 0, 100, 6);
      EXPECT_GE(axis.ticks().size(), 2u);
      EXPECT_LE(axis.ticks().size(), 30u);
      EXPECT_LT(axis.low(), axis.high());
      EXPECT_TRUE(std::isfinite(axis.Position(range.high))) << range.low << " " << range.high;
    }
  }
}

}  // namespace
}  // namespace redline::lab
