// Working memory of one llama's forward pass.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "engine/kernels/registry.h"
#include "engine/model/anonymous_memory.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// Sizes of one row of each working buffer, in floats.
struct LlamaRowSizes {
  LlamaRowSizes(const ModelConfig& config, const KernelSet& kernels);
  // All buffers but the logits' input and the scratch.
  int64_t Total() const { return 3 * hidden + qkv + q + gate_up + 2 * half_head; }

  int64_t hidden, q, kv, qkv, gate_up, half_head;
  int64_t longest_input;  // of a matmul
  const KernelSet& kernels;
};

// [max_rows][row size] each. Owner: the thread that calls Forward.
struct LlamaActivations {
  // kResourceExhausted with need and have.
  static Result<LlamaActivations> Allocate(const LlamaRowSizes& sizes, int64_t max_rows,
                                           int64_t max_logits_rows);
  static int64_t Bytes(const LlamaRowSizes& sizes, int64_t max_rows, int64_t max_logits_rows);

  std::byte* scratch;  // of matmuls
  float* hidden;       // the residual stream, without the last sublayer's `delta`
  float* normed;
  float* delta;  // what the last sublayer adds
  float* qkv;
  float* attention;
  float* gate_up;
  std::byte* gated_rows;  // of down's product, where kernels make them at once
  float* cos;
  float* sin;
  float* logits_input;  // [max_logits_rows][hidden]
  AnonymousMemory memory;
};

}  // namespace redline::engine
