#include "workload/lengths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;

std::vector<int64_t> Sample(const spec::LengthSpec& spec, LengthKind kind) {
  std::vector<int64_t> lengths(50'000);
  for (size_t index = 0; index < lengths.size(); ++index)
    lengths[index] = SampleLength(spec, kind, 42, index);
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

double MeanOf(const std::vector<int64_t>& lengths) {
  double sum = 0;
  for (const int64_t length : lengths) sum += static_cast<double>(length);
  return sum / static_cast<double>(lengths.size());
}

int64_t QuantileOf(const std::vector<int64_t>& sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size()))];
}

TEST(Lengths, HaveMeanAndBounds) {
  const struct {
    spec::LengthSpec spec;
    double mean;
    int64_t min;
    int64_t max;
  } kCases[] = {
      {{Distribution::kFixed, 2000, 0}, 2000, 2000, 2000},
      {{Distribution::kUniform, 0, 0, 50, 150}, 100, 50, 150},
      {{Distribution::kUniform, 0, 0, 7, 7}, 7, 7, 7},
      {{Distribution::kNormal, 500, 50}, 500, 270, 740},
      {{Distribution::kNormal, 500, 50, 490, 510}, 500, 490, 510},
      {{Distribution::kLognormal, 500, 300}, 500, 20, 6000},
      {{Distribution::kLognormal, 1, 1e6}, 1, 1, 1 << 20},
  };
  for (const auto& c : kCases) {
    const auto lengths = Sample(c.spec, LengthKind::kInput);
    EXPECT_GE(lengths.front(), c.min);
    EXPECT_LE(lengths.back(), c.max);
    if (c.mean > 1) {
      EXPECT_NEAR(MeanOf(lengths) / c.mean, 1, 0.02) << c.mean;
    }
  }
}

TEST(Lengths, LognormalHasTheGivenSpread) {
  const auto lengths = Sample({Distribution::kLognormal, 500, 300}, LengthKind::kOutput);
  double squares = 0;
  const double mean = MeanOf(lengths);
  for (const int64_t length : lengths) squares += std::pow(static_cast<double>(length) - mean, 2);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(lengths.size())) / 300, 1, 0.03);
}

TEST(Lengths, ShareGptHasThePublishedMeanAndItsQuantiles) {
  for (const LengthKind kind : {LengthKind::kInput, LengthKind::kOutput}) {
    const ShareGptShape& shape = ShareGptShapeOf(kind);
    const auto lengths = Sample({Distribution::kShareGpt}, kind);
    EXPECT_NEAR(MeanOf(lengths) / (kind == LengthKind::kInput ? 219.1 : 197.0), 1, 0.01);
    EXPECT_GE(lengths.front(), 4);
    EXPECT_LE(lengths.back(), 1024);
    for (const double share : {0.05, 0.25, 0.5, 0.75, 0.95, 0.99})
      EXPECT_NEAR(static_cast<double>(QuantileOf(lengths, share)) / shape.Quantile(share), 1, 0.03)
          << share;
  }
}

// Computed with another program from location and spread.
TEST(Lengths, ShareGptQuantiles) {
  EXPECT_NEAR(ShareGptShapeOf(LengthKind::kInput).Quantile(0.5), 147.0, 0.1);
  EXPECT_NEAR(ShareGptShapeOf(LengthKind::kInput).Quantile(0.9), 520.2, 0.1);
  EXPECT_NEAR(ShareGptShapeOf(LengthKind::kOutput).Quantile(0.5), 139.5, 0.1);
  EXPECT_NEAR(ShareGptShapeOf(LengthKind::kOutput).Quantile(0.9), 433.9, 0.1);
}

TEST(Lengths, ShareGptScalesToAMean) {
  const auto lengths = Sample({Distribution::kShareGpt, 21.91}, LengthKind::kInput);
  EXPECT_NEAR(MeanOf(lengths) / 21.91, 1, 0.02);
  EXPECT_LE(lengths.back(), 103);
}

TEST(Lengths, ClipsWhatIsNoLength) {
  const spec::LengthSpec spec = {Distribution::kNormal, 5, 1, 2, 10};
  EXPECT_EQ(ClipLength(spec, std::numeric_limits<double>::quiet_NaN()), 2);
  EXPECT_EQ(ClipLength(spec, -1e300), 2);
  EXPECT_EQ(ClipLength(spec, 1e300), 10);
  EXPECT_EQ(ClipLength(spec, 5.5), 6);
}

}  // namespace
}  // namespace redline::workload
