// What all replicas of one llama read and none writes. Immutable after Load; any thread may read.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/anonymous_memory.h"
#include "engine/model/llama_activations.h"
#include "engine/model/llama_weights.h"
#include "engine/model/model.h"

namespace redline::engine {

struct LlamaShared {
  LlamaShared(const ModelConfig& config, const KernelSet& kernels, const ModelOptions& options);
  LlamaShared(const LlamaShared&) = delete;
  LlamaShared& operator=(const LlamaShared&) = delete;

  // Errors: see MakeModel. Asks for the memory of weights and one replica's activations, takes that
  // of the weights.
  Status Load(const Checkpoint& checkpoint, ThreadPool& pool);
  int64_t ActivationBytes(int64_t max_rows) const {
    return LlamaActivations::Bytes(sizes, max_rows, options.max_logits_rows);
  }

  const ModelConfig config;
  const LlamaRowSizes sizes;
  const ModelOptions options;
  const KernelSet& kernels;
  const std::vector<double> rope_frequencies;
  KvDtype kv_dtype = KvDtype::kF32;
  LlamaWeights weights;
  AnonymousMemory memory;  // of the weights
};

}  // namespace redline::engine
