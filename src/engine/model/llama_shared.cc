#include "engine/model/llama_shared.h"

#include <string>

#include "engine/kernels/attention/attention.h"
#include "engine/model/rope_frequencies.h"

namespace redline::engine {
namespace {

KvDtype AutoKvDtype(const LlamaWeights& weights, const KernelSet& kernels) {
  const DType dtype = weights.layers.front().qkv.parts.front().weight.dtype;
  switch (kernels.arithmetic) {
    case Arithmetic::kBf16:  // attention rounds what it reads
      return KvDtype::kBf16;
    case Arithmetic::kInt8:  // products lose far more than bf16 keys and values do
      return InfoOf(dtype).IsQuantized() || dtype == DType::kBF16 ? KvDtype::kBf16 : KvDtype::kF32;
    case Arithmetic::kF32:
      return dtype == DType::kBF16 ? KvDtype::kBf16 : KvDtype::kF32;
  }
  return KvDtype::kF32;
}

}  // namespace

LlamaShared::LlamaShared(const ModelConfig& model_config, const KernelSet& kernel_set,
                         const ModelOptions& model_options)
    : config(model_config),
      sizes(model_config, kernel_set),
      options(model_options),
      kernels(kernel_set),
      rope_frequencies(RopeFrequencies(model_config)) {}

Status LlamaShared::Load(const Checkpoint& checkpoint, ThreadPool& pool) {
  if (config.head_dim > kMaxHeadDim || config.head_dim % 2 != 0) {
    return Unimplemented("head_dim " + std::to_string(config.head_dim) +
                         ": this engine has even head sizes up to " + std::to_string(kMaxHeadDim));
  }
  WeightBinder binder(checkpoint);
  RL_RETURN_IF_ERROR(BindLlamaWeights(config, binder, &weights));
  RL_RETURN_IF_ERROR(
      AnonymousMemory::CheckAvailable(binder.Bytes() + ActivationBytes(options.max_batch_rows),
                                      "the model (weights, and activations of " +
                                          std::to_string(options.max_batch_rows) + " rows)"));
  RL_ASSIGN_OR_RETURN(memory,
                      AnonymousMemory::Allocate(binder.Bytes(), "the weights of the model"));
  binder.Load(pool, memory.data());
  kv_dtype = options.kv_dtype.value_or(AutoKvDtype(weights, kernels));
  return checkpoint.CheckIntact();
}

}  // namespace redline::engine
