#include "engine/runtime/row_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/runtime/fast_exp.h"

namespace redline::engine {
namespace {

constexpr size_t kWordBits = 32;

constexpr size_t kLanes = 4;  // SSE2 and NEON have as many
using Floats [[gnu::vector_size(kLanes * sizeof(float))]] = float;
using Ints [[gnu::vector_size(kLanes * sizeof(int32_t))]] = int32_t;
using Doubles [[gnu::vector_size(kLanes * sizeof(double))]] = double;

// Of a row: what is looked through again, or added up apart.
constexpr size_t kBlock = 512;
constexpr size_t kChains = 4;  // that do not wait for each other
constexpr size_t kStep = kLanes * kChains;

Floats Load(const float* values) {
  Floats vector;
  std::memcpy(&vector, values, sizeof vector);
  return vector;
}

struct BlockScan {
  float greatest = kForbidden;
  bool is_finite = true;
};

void ScanValue(float value, BlockScan& scan) {
  scan.is_finite &= value - value == 0;
  if (value > scan.greatest) scan.greatest = value;
}

BlockScan ScanBlock(std::span<const float> values) {
  BlockScan scan;
  size_t index = 0;
  if (values.size() >= kStep) {
    Floats greatest[kChains];
    Floats zeros[kChains] = {};  // NaN where something was not finite
    for (Floats& chain : greatest) chain = Floats{} + kForbidden;
    for (; index + kStep <= values.size(); index += kStep) {
      for (size_t chain = 0; chain < kChains; ++chain) {
        const Floats row = Load(values.data() + index + chain * kLanes);
        greatest[chain] = row > greatest[chain] ? row : greatest[chain];
        zeros[chain] += row - row;
      }
    }
    for (size_t chain = 0; chain < kChains; ++chain) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        scan.is_finite &= zeros[chain][lane] == 0;
        scan.greatest = std::max(scan.greatest, greatest[chain][lane]);
      }
    }
  }
  for (; index < values.size(); ++index) ScanValue(values[index], scan);
  return scan;
}

double SumOfBlock(std::span<const float> weights) {
  Doubles sums[kChains] = {};
  size_t index = 0;
  for (; index + kStep <= weights.size(); index += kStep) {
    for (size_t chain = 0; chain < kChains; ++chain)
      sums[chain] +=
          __builtin_convertvector(Load(weights.data() + index + chain * kLanes), Doubles);
  }
  const Doubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = (all[0] + all[1]) + (all[2] + all[3]);
  for (; index < weights.size(); ++index) sum += weights[index];
  return sum;
}

size_t LastWithWeight(std::span<const float> weights) {
  for (size_t index = weights.size(); index-- > 0;)
    if (weights[index] > 0) return index;
  return 0;
}

// FastExp of each, step by step as it is there.
Floats FastExpOfEach(Floats x) {
  const Ints power = __builtin_convertvector(x * kLog2E - 0.5F, Ints);
  const Floats n = __builtin_convertvector(power, Floats);
  const Floats rest = x - n * kLn2High - n * kLn2Low;
  Floats sum = Floats{} + kExpTerms[0];
  for (size_t term = 1; term < kExpTerms.size(); ++term) sum = sum * rest + kExpTerms[term];
  sum = sum * rest * rest + rest + 1.0F;
  const Ints scale = (power + 127) << 23;
  return sum * std::bit_cast<Floats>(scale);
}

// One by one; their sum may round to less than that of the block.
size_t DrawInBlock(std::span<const float> weights, double target) {
  double cumulative = 0;
  for (size_t index = 0; index < weights.size(); ++index) {
    cumulative += weights[index];
    if (cumulative > target) return index;
  }
  return LastWithWeight(weights);
}

// `function` of each block and where it begins.
template <typename Function>
void EachBlock(std::span<const float> values, const Function& function) {
  for (size_t begin = 0; begin < values.size(); begin += kBlock)
    function(values.subspan(begin, std::min(kBlock, values.size() - begin)), begin);
}

}  // namespace

RowScan ScanRow(std::span<const float> values) {
  BlockScan row;
  size_t best_block = 0;
  EachBlock(values, [&](std::span<const float> block, size_t begin) {
    const BlockScan scan = ScanBlock(block);
    row.is_finite &= scan.is_finite;
    if (!(scan.greatest > row.greatest)) return;
    row.greatest = scan.greatest;
    best_block = begin;
  });
  if (row.greatest == kForbidden) return {.first_greatest = -1, .is_finite = row.is_finite};
  const auto found = std::find(values.begin() + static_cast<std::ptrdiff_t>(best_block),
                               values.end(), row.greatest);
  return {.first_greatest = found - values.begin(), .is_finite = row.is_finite};
}

size_t GatherAllowed(std::span<const float> logits, std::span<const uint32_t> mask,
                     std::span<float> allowed) {
  size_t count = 0;
  for (size_t begin = 0; begin < logits.size(); begin += kWordBits) {
    const size_t num_bits = std::min(kWordBits, logits.size() - begin);
    uint64_t left = mask[begin / kWordBits] & ((uint64_t{1} << num_bits) - 1);
    while (left != 0) {  // run by run of set bits
      const auto first = static_cast<size_t>(std::countr_zero(left));
      const auto length = static_cast<size_t>(std::countr_one(left >> first));
      std::copy_n(logits.data() + begin + first, length, allowed.data() + count);
      count += length;
      left &= ~uint64_t{0} << (first + length);
    }
  }
  return count;
}

size_t PositionInRow(std::span<const uint32_t> mask, size_t position) {
  size_t word = 0;
  for (; position >= static_cast<size_t>(std::popcount(mask[word])); ++word)
    position -= static_cast<size_t>(std::popcount(mask[word]));
  uint32_t left = mask[word];
  for (; position > 0; --position) left &= left - 1;
  return word * kWordBits + static_cast<size_t>(std::countr_zero(left));
}

void ExpOfRow(std::span<const float> logits, float greatest, float scale,
              std::span<float> exponents, std::span<float> weights) {
  const Floats least = Floats{} + kLeastExponent;
  size_t index = 0;
  for (; index + kLanes <= logits.size(); index += kLanes) {
    Floats exponent = (Load(logits.data() + index) - greatest) * scale;
    exponent = exponent > least ? exponent : least;
    const Floats weight = exponent > least ? FastExpOfEach(exponent) : Floats{};
    std::memcpy(exponents.data() + index, &exponent, sizeof exponent);
    std::memcpy(weights.data() + index, &weight, sizeof weight);
  }
  for (; index < logits.size(); ++index) {
    const float exponent = (logits[index] - greatest) * scale;
    exponents[index] = exponent > kLeastExponent ? exponent : kLeastExponent;
    weights[index] = exponents[index] > kLeastExponent ? FastExp(exponents[index]) : 0;
  }
}

size_t DrawIndex(std::span<const float> weights, double uniform) {
  double total = 0;
  EachBlock(weights, [&](std::span<const float> block, size_t) { total += SumOfBlock(block); });
  const double target = uniform * total;
  double before = 0;
  for (size_t begin = 0; begin < weights.size(); begin += kBlock) {
    const auto block = weights.subspan(begin, std::min(kBlock, weights.size() - begin));
    const double sum = SumOfBlock(block);
    if (before + sum > target) return begin + DrawInBlock(block, target - before);
    before += sum;
  }
  return LastWithWeight(weights);
}

}  // namespace redline::engine
