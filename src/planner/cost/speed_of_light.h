// The least time that an operation can take on a GPU: what its arithmetic and its memory traffic
// ask for. Kernel measurements are kept, and predicted, as multiples of it. Pure functions.
#pragma once

#include <cstdint>

namespace redline::planner {

struct GpuPeaks {
  double memory_bytes_per_second = 0;
  double bf16_flops = 0;
  double fp8_flops = 0;              // 0: no such units, bf16's are used
  double link_bytes_per_second = 0;  // one GPU, one direction
};

// How a matrix product reads its weights and what multiplies them.
enum class GemmType { kBf16, kFp8, kFp8Block, kInt4Weights, kMxfp4Weights };

double WeightBytesPerElement(GemmType type);
double FlopsOf(const GpuPeaks& peaks, GemmType type);

// [m, k] x [k, n]. Reads m*k and k*n, writes m*n in 16 bits.
double GemmSpeedOfLight(const GpuPeaks& peaks, GemmType type, double m, double n, double k);

// Routed experts of one GPU: `tokens` each choose `experts_per_token` of `num_experts`; the GPU has
// 1 / ep of the experts and 1 / tp of each one's intermediate size. Gate, up and down. The sum of
// both bounds: few tokens per expert do not overlap them.
struct MoeSize {
  double tokens = 0;
  double hidden_size = 0;
  double intermediate_size = 0;  // of a whole expert
  double num_experts = 0;
  double experts_per_token = 0;
  double tp = 1;
  double ep = 1;
};
double ExpertsHit(const MoeSize& size);  // of all, with even choices
double MoeSpeedOfLight(const GpuPeaks& peaks, GemmType type, const MoeSize& size);

// All ranks send and receive `bytes` (nearly) twice.
double AllReduceSpeedOfLight(const GpuPeaks& peaks, double bytes, double num_gpus);

}  // namespace redline::planner
