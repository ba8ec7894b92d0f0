// reduce.h over any vector type of simd/.
#pragma once

#include "engine/kernels/reduce/reduce.h"
#include "engine/kernels/simd/exp.h"

namespace redline::engine {

// The largest value; -inf when all are NaN.
template <typename Simd>
float MaxOfRow(const float* values, int64_t size) {
  const float lowest = -__builtin_inff();
  typename Simd::Vec largest = Simd::Set1(lowest);
  for (int64_t i = 0; i < size; i += Simd::kLanes) {
    const int64_t count = size - i;
    const auto row = Simd::FillTail(Simd::LoadPartial(values + i, count), count, lowest);
    largest = Simd::Max(row, largest);  // keeps `largest` when the row has NaN
  }
  return Simd::MaxLane(largest);
}

template <typename Simd>
int64_t ArgmaxSimd(const float* values, int64_t size) {
  const float largest = MaxOfRow<Simd>(values, size);
  for (int64_t i = 0; i < size; ++i) {
    if (values[i] == largest) return i;
  }
  return 0;
}

template <typename Simd>
float LogSumExpSimd(const float* values, int64_t size) {
  const float largest = MaxOfRow<Simd>(values, size);
  const auto shift = Simd::Set1(largest);
  typename Simd::Vec sum = Simd::Zero();
  for (int64_t i = 0; i < size; i += Simd::kLanes) {
    const int64_t count = size - i;
    const auto row = Simd::Sub(Simd::LoadPartial(values + i, count), shift);
    sum = Simd::Add(sum, Exp<Simd>(Simd::FillTail(row, count, -__builtin_inff())));
  }
  return largest + __builtin_logf(Simd::Sum(sum));
}

}  // namespace redline::engine
