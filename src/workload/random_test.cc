#include "workload/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace redline::workload {
namespace {

// Published values of SplitMix64 with seed 1234567.
TEST(Random, MixIsSplitMix64) {
  uint64_t state = 1234567;
  for (const uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                  4593380528125082431u, 16408922859458223821u}) {
    state += 0x9E3779B97F4A7C15;
    EXPECT_EQ(Mix(state), expected);
  }
}

TEST(Random, KeysDiffer) {
  std::set<uint64_t> keys;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (const Stream stream : {Stream::kInputLength, Stream::kOutputLength, Stream::kPrompt})
      for (uint64_t index = 0; index < 20; ++index) keys.insert(KeyOf(seed, stream, index));
  EXPECT_EQ(keys.size(), 20u * 3 * 20);
}

TEST(Random, InverseNormalCdfIsTheInverse) {
  for (const double p : {1e-12, 1e-6, 0.001, 0.02, 0.03, 0.25, 0.5, 0.75, 0.97, 0.98, 0.999999})
    EXPECT_NEAR(NormalCdf(InverseNormalCdf(p)) / p, 1, 1e-7) << p;
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Draw>
Moments MomentsOf(Draw draw) {
  constexpr int kCount = 200'000;
  double sum = 0;
  double squares = 0;
  for (int index = 0; index < kCount; ++index) {
    RandomStream random(7, Stream::kArrival, static_cast<uint64_t>(index));
    const double value = draw(random);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kCount;
  return {mean, squares / kCount - mean * mean};
}

TEST(Random, DistributionsHaveTheirMoments) {
  const Moments uniform = MomentsOf([](RandomStream& random) { return random.Uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, 0.003);
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.001);
  const Moments normal = MomentsOf([](RandomStream& random) { return random.Normal(); });
  EXPECT_NEAR(normal.mean, 0, 0.01);
  EXPECT_NEAR(normal.variance, 1, 0.02);
  const Moments exponential = MomentsOf([](RandomStream& random) { return random.Exponential(); });
  EXPECT_NEAR(exponential.mean, 1, 0.01);
  EXPECT_NEAR(exponential.variance, 1, 0.03);
  for (const double shape : {0.25, 1.0, 4.0}) {
    const Moments gamma = MomentsOf([shape](RandomStream& random) { return random.Gamma(shape); });
    EXPECT_NEAR(gamma.mean / shape, 1, 0.02) << shape;
    EXPECT_NEAR(gamma.variance / shape, 1, 0.06) << shape;
  }
}

}  // namespace
}  // namespace redline::workload
