// A model: weights made ready for the kernels of this CPU, and the forward pass over a mixed batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/kv_cache.h"
#include "engine/tensor.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// One sequence's share of a batch: `tokens` (a prefill chunk, or one token to decode) take
// positions [context_len, context_len + tokens.size()). `pages` cover all of [0, context_len +
// tokens.size()).
struct SequenceSlice {
  std::span<const TokenId> tokens;
  int64_t context_len = 0;
  std::span<const PageId> pages;
  int64_t num_logits = 0;  // rows of logits wanted: of its last tokens
};

// `slices` in the order of the rows; a forward pass runs over sum(tokens) rows.
struct Batch {
  std::vector<SequenceSlice> slices;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelConfig& config() const = 0;
  // Writes keys and values of every token into `kv` and, for each slice in order
  // num_logits rows of vocab_size floats into `logits`. Determinism: a row's result is bitwise
  // independent of the other rows of the batch and of how its prompt was cut into chunks. Not
  // thread-safe: one caller at a time (the rank's engine thread). The batch has at most
  // ModelOptions::max_batch_rows rows.
  virtual void Forward(const Batch& batch, KvCache& kv, std::span<float> logits) = 0;
  // Another model over the same weights, with working memory of its own: the two may run Forward at
  // the same time, each on its thread and into its own cache, and answer alike to the bit. `pool`
  // outlives the replica; nothing else must. kResourceExhausted: memory, need and have.
  virtual Result<std::unique_ptr<Model>> MakeReplica(ThreadPool& pool) const = 0;
  // Bytes of working memory Forward needs for `max_rows` rows; each replica has its own.
  virtual int64_t ActivationBytes(int64_t max_rows) const = 0;
  // What the cache of a Forward must be made of.
  virtual KvLayout kv_layout() const = 0;
  // Bytes of the weights as the kernels read them, which replicas share: counted once.
  virtual int64_t WeightBytes() const = 0;
  // The kernels in use: "avx512", "avx2", "ref".
  virtual const KernelSet& kernels() const = 0;
};

struct ModelOptions {
  // Rows of the largest batch that Forward will see: working memory is allocated once, for these.
  int64_t max_batch_rows = 512;
  // Logits rows that are computed together; a batch may want more.
  int64_t max_logits_rows = 64;
  // The name of a KernelSet forces one; empty: what REDLINE_ISA says, or the fastest there is.
  std::string isa;
  // Element type of the KV cache. Absent ("auto"): bf16 for a checkpoint whose weights are bf16, as
  // its authors ran it, for kernels that attend in bf16, and for quantised weights multiplied in
  // int8; else f32. Model::kv_layout tells which.
  std::optional<KvDtype> kv_dtype;
};

// Builds the model for `checkpoint.config().architecture` from the registry (model/registry.cc).
// `pool` outlives the model; the checkpoint is not needed afterwards. Errors: kUnimplemented
// (architecture), kDataLoss (a tensor is missing or has the wrong shape: named; a file changed
// while it was read), kResourceExhausted (memory: need and have), kInvalidArgument (options.isa).
Result<std::unique_ptr<Model>> MakeModel(const Checkpoint& checkpoint, ThreadPool& pool,
                                         const ModelOptions& options);

}  // namespace redline::engine
