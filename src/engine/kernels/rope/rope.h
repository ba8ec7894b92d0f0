// Rotary position embedding of the heads of one row, in place.
//
// heads [num_heads][head_dim] f32; cos and sin [head_dim / 2] of the row's position. Pair i
// becomes (a cos - b sin, b cos + a sin). FLOPs: 3 * num_heads * head_dim; bound: L1.
#pragma once

#include <cstdint>

namespace redline::engine {

// Which elements of a head form pair i.
enum class RopePairs {
  kHalfSplit,    // (i, i + head_dim / 2)
  kInterleaved,  // (2 i, 2 i + 1)
};

struct RopeArgs {
  float* heads = nullptr;
  int64_t num_heads = 0;
  int64_t head_dim = 0;
  const float* cos = nullptr;
  const float* sin = nullptr;
  RopePairs pairs = RopePairs::kHalfSplit;
};

void RopeRef(const RopeArgs& args);
void RopeAvx2(const RopeArgs& args);
void RopeAvx512(const RopeArgs& args);

}  // namespace redline::engine
