// What the attention kernels of all layers take in a step: linear in the tokens that queries see,
// with each layer's floor. Projections are not in it. Immutable.
//
// Sources: arithmetic and bytes of grouped-query and latent attention from their papers; sparse
// attention as DeepSeek-V3.2 2.1; shares of the peaks from KernelSet::attention.
#pragma once

#include <vector>

#include "planner/cost/engine_kernels.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/speed_of_light.h"
#include "planner/model/model_shape.h"
#include "planner/step_cost.h"

namespace redline::planner {

class AttentionCost {
 public:
  // Without the layers that SparseLayers covers.
  AttentionCost(const ModelShape& shape, const EngineKernels& kernels, const KernelSet& curves,
                const GpuPeaks& peaks);

  // Seconds on one rank.
  double DecodeSeconds(double requests, double context_tokens) const;
  double PrefillSeconds(const PrefillChunk& chunk) const;

 private:
  // Of one group of layers, all of it.
  struct Decode {
    double floor = 0;
    double per_request = 0;
    double per_context = 0;     // tokens in the cache, whatever is seen of them
    double bytes_per_seen = 0;  // seconds for the memory traffic of a token that is seen
    double flops_per_seen = 0;  // seconds for its arithmetic; the larger of both counts
    double most_seen = 0;       // of one request; 0: all
  };
  struct Prefill {
    double floor = 0;
    double per_token = 0;
    double per_context = 0;  // of what the chunk's requests have up to its end
    double per_pair = 0;     // of a query and a token before it
    double per_seen_pair = 0;
    double most_seen = 0;
    double dense_limit = 0;  // a context up to here takes the dense form
    double dense_per_pair = 0;
    double dense_per_context = 0;
  };
  struct Terms {
    Decode decode;
    Prefill prefill;
  };

  static Terms TermsOf(const GroupedQueryAttention& attention, const EngineKernels& kernels,
                       const GpuPeaks& peaks, const AttentionEfficiency& efficiency);
  static Terms TermsOf(const LatentAttention& attention, const EngineKernels& kernels,
                       const GpuPeaks& peaks, const AttentionEfficiency& efficiency);
  static Terms TermsOf(const LinearAttention& attention, const EngineKernels& kernels,
                       const GpuPeaks& peaks, const AttentionEfficiency& efficiency);

  struct Group {
    double num_layers = 0;
    Terms terms;
  };
  std::vector<Group> groups_;
  double requantize_seconds_ = 0;  // per step with decodes
};

}  // namespace redline::planner
