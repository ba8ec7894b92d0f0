// What sampling asks of a whole row of logits, in vectors of the baseline's instruction set: a few
// microseconds for 50,000 tokens, the same on every machine. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace redline::engine {

// The logit of what may not come.
inline constexpr float kForbidden = -std::numeric_limits<float>::infinity();

struct RowScan {
  int64_t first_greatest = -1;  // position; of equal ones the first; -1: none above -inf
  bool is_finite = true;        // no NaN and no infinity
};
RowScan ScanRow(std::span<const float> values);

// A mask of a row: bit i % 32 of word i / 32, a word for each 32 begun.
//
// The logits that have a bit in `mask`, in order, one behind the other: how many there are of them.
// `allowed` has room for all of `logits`.
size_t GatherAllowed(std::span<const float> logits, std::span<const uint32_t> mask,
                     std::span<float> allowed);
// Where the row has what GatherAllowed put at `position`.
size_t PositionInRow(std::span<const uint32_t> mask, size_t position);

// exponents[i] = (logits[i] - greatest) * scale, at least kLeastExponent, and its FastExp in
// weights[i]: 0 for what is at the least, forbidden or so unlikely that it makes no difference.
// `greatest` is the greatest logit, `scale` positive; the three are of one size.
void ExpOfRow(std::span<const float> logits, float greatest, float scale,
              std::span<float> exponents, std::span<float> weights);

// Where the cumulative sum of weights >= 0 first exceeds `uniform` in [0, 1) times all of it.
size_t DrawIndex(std::span<const float> weights, double uniform);

}  // namespace redline::engine
