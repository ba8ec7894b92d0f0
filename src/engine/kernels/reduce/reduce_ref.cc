#include <cmath>

#include "engine/kernels/reduce/reduce.h"

namespace redline::engine {

int64_t ArgmaxRef(const float* values, int64_t size) {
  int64_t best = 0;
  for (int64_t i = 1; i < size; ++i) {
    if (values[i] > values[best] || std::isnan(values[best])) best = i;
  }
  return std::isnan(values[best]) ? 0 : best;
}

float LogSumExpRef(const float* values, int64_t size) {
  const float largest = values[ArgmaxRef(values, size)];
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(values[i] - largest));
  return largest + static_cast<float>(std::log(sum));
}

}  // namespace redline::engine
