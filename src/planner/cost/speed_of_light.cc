#include "planner/cost/speed_of_light.h"

#include <algorithm>
#include <cmath>

namespace redline::planner {

double WeightBytesPerElement(GemmType type) {
  switch (type) {
    case GemmType::kBf16:
      return 2;
    case GemmType::kFp8:
      return 1;
    case GemmType::kFp8Block:
      return 1 + 4.0 / (128 * 128);
    case GemmType::kInt4Weights:
      return 0.5 + 2.0 / 32;
    case GemmType::kMxfp4Weights:
      return 0.5 + 1.0 / 32;
  }
  return 2;
}

double FlopsOf(const GpuPeaks& peaks, GemmType type) {
  const bool is_fp8 = type == GemmType::kFp8 || type == GemmType::kFp8Block;
  return is_fp8 && peaks.fp8_flops > 0 ? peaks.fp8_flops : peaks.bf16_flops;
}

double GemmSpeedOfLight(const GpuPeaks& peaks, GemmType type, double m, double n, double k) {
  const double input_bytes = type == GemmType::kFp8 || type == GemmType::kFp8Block ? 1 : 2;
  const double bytes = input_bytes * m * k + WeightBytesPerElement(type) * n * k + 2 * m * n;
  return std::max(2 * m * n * k / FlopsOf(peaks, type), bytes / peaks.memory_bytes_per_second);
}

double ExpertsHit(const MoeSize& size) {
  const double missed = std::pow(1 - size.experts_per_token / size.num_experts, size.tokens);
  return size.num_experts * (1 - missed);
}

double MoeSpeedOfLight(const GpuPeaks& peaks, GemmType type, const MoeSize& size) {
  const double elements = 3 * size.hidden_size * size.intermediate_size / (size.tp * size.ep);
  const double bytes = ExpertsHit(size) * elements * WeightBytesPerElement(type);
  const double flops = 2 * size.tokens * size.experts_per_token * elements;
  return bytes / peaks.memory_bytes_per_second + flops / FlopsOf(peaks, type);
}

double AllReduceSpeedOfLight(const GpuPeaks& peaks, double bytes, double num_gpus) {
  return 2 * bytes * (num_gpus - 1) / num_gpus / peaks.link_bytes_per_second;
}

}  // namespace redline::planner
