#include "engine/runtime/row_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "engine/runtime/fast_exp.h"

namespace redline::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Around vectors, steps and blocks.
constexpr size_t kSizes[] = {1, 3, 4, 15, 16, 17, 31, 33, 511, 512, 513, 1024, 1031, 49'152};

std::vector<float> Row(size_t size, std::mt19937& random) {
  std::vector<float> row(size);
  for (float& value : row) value = std::normal_distribution<float>(0, 3)(random);
  return row;
}

TEST(RowScan, TheFirstOfTheGreatest) {
  std::mt19937 random(1);
  for (const size_t size : kSizes) {
    for (int round = 0; round < 20; ++round) {
      std::vector<float> row = Row(size, random);
      const size_t first = random() % size;
      for (size_t other = first; other < size; other += 1 + random() % 300) row[other] = 50;
      row[first] = 50;
      const RowScan scan = ScanRow(row);
      EXPECT_EQ(scan.first_greatest, static_cast<int64_t>(first)) << size;
      EXPECT_TRUE(scan.is_finite);
    }
  }
}

TEST(RowScan, WhatIsNotFiniteIsFoundAnywhere) {
  std::mt19937 random(2);
  for (const size_t size : kSizes) {
    for (const float odd : {kInfinity, -kInfinity, std::nanf("")}) {
      std::vector<float> row = Row(size, random);
      row[random() % size] = odd;
      EXPECT_FALSE(ScanRow(row).is_finite) << size << " " << odd;
    }
  }
  const std::vector<float> forbidden(700, -kInfinity);
  EXPECT_EQ(ScanRow(forbidden).first_greatest, -1);
  EXPECT_EQ(ScanRow({}).first_greatest, -1);
  const std::vector<float> huge(700, std::numeric_limits<float>::lowest());
  EXPECT_EQ(ScanRow(huge).first_greatest, 0);
  EXPECT_TRUE(ScanRow(huge).is_finite);
}

TEST(RowScan, AMaskLeavesWhatItHas) {
  std::mt19937 random(3);
  for (const size_t size : kSizes) {
    const std::vector<float> row = Row(size, random);
    std::vector<uint32_t> mask((size + 31) / 32);
    for (uint32_t& word : mask) {  // bits past the row among them
      const uint32_t kinds[] = {0, ~0U, static_cast<uint32_t>(random())};
      word = kinds[random() % 3];
    }
    std::vector<float> allowed(size);
    const size_t count = GatherAllowed(row, mask, allowed);
    size_t next = 0;
    for (size_t token = 0; token < size; ++token) {
      if ((mask[token / 32] >> (token % 32) & 1) == 0) continue;
      ASSERT_LT(next, count);
      EXPECT_EQ(allowed[next], row[token]) << token << " of " << size;
      EXPECT_EQ(PositionInRow(mask, next), token);
      ++next;
    }
    EXPECT_EQ(next, count);
  }
}

TEST(RowScan, ExponentsAndWeightsAreThoseOfOneAlone) {
  std::mt19937 random(6);
  for (const size_t size : kSizes) {
    std::vector<float> row = Row(size, random);
    for (float& logit : row) {
      if (random() % 4 == 0) logit = -kInfinity;
      if (random() % 4 == 0) logit -= 200;
    }
    row[random() % size] = 20;
    std::vector<float> exponents(size);
    std::vector<float> weights(size);
    ExpOfRow(row, 20, 1.7F, exponents, weights);
    for (size_t index = 0; index < size; ++index) {
      const float exponent = std::max((row[index] - 20) * 1.7F, kLeastExponent);
      EXPECT_EQ(exponents[index], exponent);
      EXPECT_EQ(weights[index], exponent > kLeastExponent ? FastExp(exponent) : 0.0F);
    }
  }
}

TEST(RowScan, DrawsWhereTheSumPasses) {
  std::mt19937 random(4);
  for (const size_t size : kSizes) {
    std::vector<float> weights(size);
    for (float& weight : weights)
      weight = random() % 3 == 0 ? static_cast<float>(random() % 64) : 0;
    weights[random() % size] = 1;
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (int round = 0; round < 50; ++round) {
      // Whole numbers: every sum is exact.
      const double uniform = std::uniform_real_distribution<double>()(random);
      const size_t drawn = DrawIndex(weights, uniform);
      ASSERT_LT(drawn, size);
      const double before = std::accumulate(
          weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(drawn), 0.0);
      EXPECT_LE(before, uniform * total);
      EXPECT_GT(before + weights[drawn], uniform * total);
    }
  }
}

// The sums round, and the target may lie above what they come to.
TEST(RowScan, NeverDrawsWhatHasNoWeight) {
  std::mt19937 random(5);
  for (const size_t size : kSizes) {
    std::vector<float> weights(size);
    for (float& weight : weights) weight = random() % 2 == 0 ? std::exp(-Row(1, random)[0]) : 0;
    weights[random() % size] = 1e-30F;
    for (const double uniform : {0.0, 0.5, std::nextafter(1.0, 0.0)})
      EXPECT_GT(weights[DrawIndex(weights, uniform)], 0) << size << " " << uniform;
  }
}

}  // namespace
}  // namespace redline::engine
