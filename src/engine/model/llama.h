// The llama family: Llama, SmolLM2, Qwen2/2.5 (biases on q, k, v) and Qwen3 dense (norms on q and
// k), with or without tied embeddings. One graph, steered by ModelConfig's flags.
#pragma once

#include "engine/model/registry.h"

namespace redline::engine {

Result<std::unique_ptr<Model>> MakeLlama(const Checkpoint& checkpoint, const KernelSet& kernels,
                                         ThreadPool& pool, const ModelOptions& options);

}  // namespace redline::engine
