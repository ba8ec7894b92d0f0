// The curves of one GPU, from hardware/kernels/*.json, and which of them stands for an engine's
// kernel. Immutable after it is read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/cost/curve.h"

namespace redline::planner {

// How near attention kernels come to the GPU's peaks: shares of its arithmetic and bandwidth, and
// what each layer takes at least.
struct AttentionEfficiency {
  double prefill_flops = 0.455;    // FlashAttention 3, of bf16's peak
  double decode_bandwidth = 0.75;  // grouped queries
  double decode_floor_us = 8;
  double latent_decode_bandwidth = 0.8;  // MLA, absorbed
  double latent_decode_flops = 0.61;
  double latent_decode_floor_us = 17;
  double latent_prefill_flops = 0.455;
  double sparse_prefill_flops = 0.6;  // FlashMLA's sparse kernel, padded heads counted
  double sparse_decode_flops = 0.4;
  double sparse_decode_bandwidth = 0.7;
  double sparse_decode_floor_us = 40;
  double indexer_prefill_flops = 0.48;  // of fp8's peak
  double indexer_bandwidth = 0.5;
  double indexer_select_ns = 48;  // top-k, a query
  double linear_floor_us = 20;    // gated delta net
  double linear_bandwidth = 0.6;
};

struct KernelSet {
  std::string gpu;     // "H200"
  std::string source;  // of the measurements, with their licence
  std::vector<Curve> curves;
  AttentionEfficiency attention;

  // The curve of this kernel: the engine's own version if it is here, else the nearest version,
  // else another engine's. Null: nobody measured it.
  const Curve* Find(std::string_view op, std::string_view engine, std::string_view version,
                    std::string_view dtype) const;
};

inline constexpr size_t kMaxKernelSetBytes = 8 << 20;
Result<KernelSet> KernelSetFromJson(std::string_view text);
std::string ToJson(const KernelSet& kernels);

// That of a GPU ("H200"); where it has none, the H200's, whose shares of the peaks then stand for
// its own (`is_own` false).
struct KernelsOfGpu {
  const KernelSet* kernels = nullptr;
  bool is_own = false;
};
KernelsOfGpu FindKernelSet(std::string_view gpu);

}  // namespace redline::planner
