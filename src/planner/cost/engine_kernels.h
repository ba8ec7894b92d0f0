// How an engine lays a model out and which kernels it runs it with: what the cost model needs to
// know of a resolved configuration. A plain value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "planner/model/cache_bytes.h"

namespace redline::planner {

struct ParallelLayout {
  int64_t attention_tp = 1;  // ranks that share the attention of one request
  int64_t attention_dp = 1;  // groups of them with requests of their own, in lockstep
  int64_t ffn_tp = 1;        // ranks that share each dense FFN and each expert
  int64_t expert_parallel = 1;
  int64_t pipeline = 1;
  int64_t replicas = 1;  // whole copies that do not wait for each other (dense data parallelism)

  int64_t gpus_per_replica() const { return attention_tp * attention_dp * pipeline; }

  auto operator<=>(const ParallelLayout&) const = default;
};

struct EngineKernels {
  std::string engine;   // "sglang"
  std::string version;  // "0.5.6.post2"
  std::string model;    // model_type
  ParallelLayout layout;
  CacheDtype cache_dtype = CacheDtype::kBf16;
  // Sparse attention: prompts up to index_topk tokens run as dense multi-head attention (SGLang).
  bool dense_short_prompts = false;
  // Sparse attention: the kernel's heads are padded to 64 (FlashMLA on Hopper).
  bool pads_heads_in_prefill = true;
  bool pads_heads_in_decode = true;
  // FlashMLA's fp8 kernel on a 16-bit cache: SGLang quantises the whole pool in each layer and
  // step.
  int64_t requantized_pool_tokens = 0;
  // Decodes of up to this many tokens replay a CUDA graph.
  int64_t max_graph_tokens = 512;
  bool pads_graphs = true;                // to the next captured size; false: only these sizes
  std::vector<int64_t> graph_sizes;       // where pads_graphs is false
  int64_t decode_tokens_per_request = 1;  // with drafts of speculation

  auto operator<=>(const EngineKernels&) const = default;
};

}  // namespace redline::planner
