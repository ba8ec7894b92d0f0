// Reductions over one row of logits. Bound: one read of the row.
#pragma once

#include <cstdint>

namespace redline::engine {

// Index of the largest of `size` >= 1 values; of equal ones the lowest index. NaN never wins; 0
// when all are NaN.
int64_t ArgmaxRef(const float* values, int64_t size);
int64_t ArgmaxAvx2(const float* values, int64_t size);
int64_t ArgmaxAvx512(const float* values, int64_t size);

// log(sum of exp(values[i])): log-softmax of a value is the value minus this.
float LogSumExpRef(const float* values, int64_t size);
float LogSumExpAvx2(const float* values, int64_t size);
float LogSumExpAvx512(const float* values, int64_t size);

}  // namespace redline::engine
