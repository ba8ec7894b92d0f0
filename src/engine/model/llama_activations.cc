#include "engine/model/llama_activations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/kernels/matmul/parallel_matmul.h"

namespace redline::engine {
namespace {

int64_t ScratchBytes(const LlamaRowSizes& sizes, int64_t max_rows, int64_t max_logits_rows) {
  return MatmulScratchBytes(sizes.kernels, sizes.longest_input,
                            std::max(max_rows, max_logits_rows));
}

int64_t GatedRowsBytes(const LlamaRowSizes& sizes, int64_t max_rows) {
  if (sizes.kernels.gated_matmul.can == nullptr) return 0;
  return MatmulScratchBytes(sizes.kernels, sizes.gate_up / 2, max_rows);
}

}  // namespace

LlamaRowSizes::LlamaRowSizes(const ModelConfig& config, const KernelSet& kernel_set)
    : hidden(config.hidden_size),
      q(config.num_attention_heads * config.head_dim),
      kv(config.num_key_value_heads * config.head_dim),
      qkv(q + 2 * kv),
      gate_up(2 * config.intermediate_size),
      half_head(config.head_dim / 2),
      longest_input(std::max({hidden, q, int64_t{config.intermediate_size}})),
      kernels(kernel_set) {}

int64_t LlamaActivations::Bytes(const LlamaRowSizes& sizes, int64_t max_rows,
                                int64_t max_logits_rows) {
  const int64_t num_floats = max_rows * sizes.Total() + max_logits_rows * sizes.hidden;
  return num_floats * static_cast<int64_t>(sizeof(float)) +
         ScratchBytes(sizes, max_rows, max_logits_rows) + GatedRowsBytes(sizes, max_rows);
}

Result<LlamaActivations> LlamaActivations::Allocate(const LlamaRowSizes& sizes, int64_t max_rows,
                                                    int64_t max_logits_rows) {
  RL_ASSIGN_OR_RETURN(
      AnonymousMemory memory,
      AnonymousMemory::Allocate(Bytes(sizes, max_rows, max_logits_rows),
                                "the activations of " + std::to_string(max_rows) + " rows"));
  // First what is aligned as the memory is.
  std::byte* gated_rows = memory.data() + ScratchBytes(sizes, max_rows, max_logits_rows);
  float* next = reinterpret_cast<float*>(gated_rows + GatedRowsBytes(sizes, max_rows));
  const auto take = [&](int64_t row_size) {
    return std::exchange(next, next + max_rows * row_size);
  };
  LlamaActivations buffers;
  buffers.scratch = memory.data();
  buffers.gated_rows = gated_rows;
  buffers.hidden = take(sizes.hidden);
  buffers.normed = take(sizes.hidden);
  buffers.delta = take(sizes.hidden);
  buffers.qkv = take(sizes.qkv);
  buffers.attention = take(sizes.q);
  buffers.gate_up = take(sizes.gate_up);
  buffers.cos = take(sizes.half_head);
  buffers.sin = take(sizes.half_head);
  buffers.logits_input = next;
  buffers.memory = std::move(memory);
  return buffers;
}

}  // namespace redline::engine
