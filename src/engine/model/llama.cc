#include "engine/model/llama.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/model/batch_rows.h"
#include "engine/model/llama_activations.h"
#include "engine/model/llama_shared.h"
#include "engine/model/rope_frequencies.h"

namespace redline::engine {
namespace {

// Row-wise work is handed to the pool in blocks of this many rows; less is done where it stands.
constexpr int64_t kRowsPerTask = 8;
// Attention over less than this is done before another thread could help.
constexpr int64_t kMinParallelAttentionFlops = 100'000;

class Llama final : public Model {
 public:
  static Result<std::unique_ptr<Model>> Make(std::shared_ptr<const LlamaShared> shared,
                                             ThreadPool& pool);

  const ModelConfig& config() const override { return config_; }
  const KernelSet& kernels() const override { return kernels_; }
  int64_t WeightBytes() const override { return shared_->memory.num_bytes(); }
  int64_t ActivationBytes(int64_t max_rows) const override {
    return shared_->ActivationBytes(max_rows);
  }
  KvLayout kv_layout() const override {
    return {config_.num_hidden_layers, config_.num_key_value_heads, config_.head_dim,
            shared_->kv_dtype};
  }
  Result<std::unique_ptr<Model>> MakeReplica(ThreadPool& pool) const override {
    return Make(shared_, pool);
  }
  void Forward(const Batch& batch, KvCache& kv, std::span<float> logits) override;

 private:
  Llama(std::shared_ptr<const LlamaShared> shared, ThreadPool& pool, LlamaActivations buffers)
      : shared_(std::move(shared)), pool_(pool), buffers_(std::move(buffers)) {}

  int64_t NumRows() const { return static_cast<int64_t>(rows_.rows.size()); }
  // Calls `work(row)` for every row of the batch, on the pool when there are many.
  template <typename Work>
  void ForEachRow(const Work& work);
  void Multiply(const Linear& linear, const float* x, int64_t x_stride, float* out);

  void Embed(int64_t row);
  // normed = norm(hidden += delta)
  void Norm(const float* weight, bool add_delta);
  void PositionHeads(const LlamaLayer& layer, int64_t layer_index, KvCache& kv, int64_t row);
  void NormHeads(const float* weight, float* heads, int64_t num_heads);
  void StoreKeysAndValues(int64_t layer_index, KvCache& kv, int64_t row);
  void Attend(int64_t layer_index, KvCache& kv);
  void Mlp(const LlamaLayer& layer);
  void Logits(std::span<float> logits);

  // Shared with the model's replicas, which end in any order.
  const std::shared_ptr<const LlamaShared> shared_;
  const ModelConfig& config_ = shared_->config;
  const LlamaRowSizes& sizes_ = shared_->sizes;
  const ModelOptions& options_ = shared_->options;
  const KernelSet& kernels_ = shared_->kernels;
  const LlamaWeights& weights_ = shared_->weights;
  ThreadPool& pool_;
  LlamaActivations buffers_;
  BatchRows rows_;
};

Result<std::unique_ptr<Model>> Llama::Make(std::shared_ptr<const LlamaShared> shared,
                                           ThreadPool& pool) {
  RL_ASSIGN_OR_RETURN(LlamaActivations buffers,
                      LlamaActivations::Allocate(shared->sizes, shared->options.max_batch_rows,
                                                 shared->options.max_logits_rows));
  return std::unique_ptr<Model>(new Llama(std::move(shared), pool, std::move(buffers)));
}

template <typename Work>
void Llama::ForEachRow(const Work& work) {
  const int64_t num_rows = NumRows();
  const int64_t num_tasks = (num_rows + kRowsPerTask - 1) / kRowsPerTask;
  pool_.Run(num_tasks, [&](int64_t task) {
    const int64_t end = std::min((task + 1) * kRowsPerTask, num_rows);
    for (int64_t row = task * kRowsPerTask; row < end; ++row) work(row);
  });
}

void Llama::Multiply(const Linear& linear, const float* x, int64_t x_stride, float* out) {
  ParallelMatmul(kernels_, pool_,
                 {.x = x,
                  .x_stride = x_stride,
                  .num_rows = NumRows(),
                  .out = out,
                  .out_stride = linear.out_features},
                 linear.parts, buffers_.scratch);
}

void Llama::Forward(const Batch& batch, KvCache& kv, std::span<float> logits) {
  rows_.Build(batch, kv,
              {.num_heads = config_.num_attention_heads,
               .query_tile = kernels_.query_tile,
               .num_threads = pool_.num_threads()});
  if (NumRows() > options_.max_batch_rows) {
    LogError("model", "a batch of {} rows was given to a model made for {}", NumRows(),
             options_.max_batch_rows);
    std::abort();
  }
  if (NumRows() == 0) return;
  ForEachRow([&](int64_t row) { Embed(row); });
  bool add_delta = false;
  for (int64_t index = 0; index < config_.num_hidden_layers; ++index) {
    const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
    Norm(layer.input_norm, add_delta);
    Multiply(layer.qkv, buffers_.normed, sizes_.hidden, buffers_.qkv);
    ForEachRow([&](int64_t row) { PositionHeads(layer, index, kv, row); });
    Attend(index, kv);
    Multiply(layer.attention_out, buffers_.attention, sizes_.q, buffers_.delta);
    Norm(layer.mlp_norm, true);
    Mlp(layer);
    add_delta = true;
  }
  Logits(logits);
}

void Llama::Embed(int64_t row) {
  const BatchRow& from = rows_.rows[static_cast<size_t>(row)];
  UnpackRow(weights_.embedding.parts.front().weight, from.token,
            buffers_.hidden + row * sizes_.hidden);
  RopeAngles(shared_->rope_frequencies, from.position, buffers_.cos + row * sizes_.half_head,
             buffers_.sin + row * sizes_.half_head);
}

void Llama::Norm(const float* weight, bool add_delta) {
  ForEachRow([&](int64_t row) {
    const int64_t offset = row * sizes_.hidden;
    kernels_.rms_norm({.x = buffers_.hidden + offset,
                       .delta = add_delta ? buffers_.delta + offset : nullptr,
                       .weight = weight,
                       .out = buffers_.normed + offset,
                       .size = sizes_.hidden,
                       .epsilon = static_cast<float>(config_.rms_norm_eps)});
  });
}

// The row's q and k: norms (Qwen3), then rotation; k and v go to the cache.
void Llama::PositionHeads(const LlamaLayer& layer, int64_t layer_index, KvCache& kv, int64_t row) {
  float* q = buffers_.qkv + row * sizes_.qkv;
  if (config_.qk_norm) {
    NormHeads(layer.q_norm, q, config_.num_attention_heads);
    NormHeads(layer.k_norm, q + sizes_.q, config_.num_key_value_heads);
  }
  kernels_.rope({.heads = q,
                 .num_heads = config_.num_attention_heads + config_.num_key_value_heads,
                 .head_dim = config_.head_dim,
                 .cos = buffers_.cos + row * sizes_.half_head,
                 .sin = buffers_.sin + row * sizes_.half_head,
                 .pairs = config_.rope_layout == RopeLayout::kInterleaved ? RopePairs::kInterleaved
                                                                          : RopePairs::kHalfSplit});
  StoreKeysAndValues(layer_index, kv, row);
}

void Llama::NormHeads(const float* weight, float* heads, int64_t num_heads) {
  for (int64_t head = 0; head < num_heads; ++head) {
    float* values = heads + head * config_.head_dim;
    kernels_.rms_norm({.x = values,
                       .weight = weight,
                       .out = values,
                       .size = config_.head_dim,
                       .epsilon = static_cast<float>(config_.rms_norm_eps)});
  }
}

void Llama::StoreKeysAndValues(int64_t layer_index, KvCache& kv, int64_t row) {
  const BatchRow& from = rows_.rows[static_cast<size_t>(row)];
  const SliceRows& slice = rows_.slices[static_cast<size_t>(from.slice)];
  const int64_t page = slice.first_page + from.position / kv.page_size();
  const int64_t slot = from.position % kv.page_size();
  const int64_t offset = rows_.page_offsets[static_cast<size_t>(page)] + slot * config_.head_dim;
  KvStoreArgs args = {.heads = buffers_.qkv + row * sizes_.qkv + sizes_.q,
                      .num_heads = config_.num_key_value_heads,
                      .head_dim = config_.head_dim,
                      .dtype = kv.layout().dtype,
                      .out = kv.Keys(layer_index).At(offset),
                      .out_stride = kv.page_size() * config_.head_dim};
  kernels_.kv_store(args);
  args.heads += sizes_.kv;
  args.out = kv.Values(layer_index).At(offset);
  kernels_.kv_store(args);
}

void Llama::Attend(int64_t layer_index, KvCache& kv) {
  const KvView keys = kv.Keys(layer_index);
  const KvView values = kv.Values(layer_index);
  const auto run = [&](const AttentionTask& task) {
    const SliceRows& slice = rows_.slices[static_cast<size_t>(task.slice)];
    const AttentionArgs args = {.q = buffers_.qkv + slice.first_row * sizes_.qkv,
                                .q_stride = sizes_.qkv,
                                .out = buffers_.attention + slice.first_row * sizes_.q,
                                .out_stride = sizes_.q,
                                .num_heads = config_.num_attention_heads,
                                .num_kv_heads = config_.num_key_value_heads,
                                .head_dim = config_.head_dim,
                                .kv_dtype = kv.layout().dtype,
                                .keys = keys.data,
                                .values = values.data,
                                .page_offsets = rows_.page_offsets.data() + slice.first_page,
                                .page_size = kv.page_size(),
                                .context_len = slice.context_len};
    QueryRange queries = task.queries;
    for (int64_t i = 0; i < task.num_kv_heads; ++i, ++queries.kv_head)
      kernels_.attention(args, queries);
  };
  if (4 * config_.head_dim * rows_.attention_pairs < kMinParallelAttentionFlops) {
    for (const AttentionTask& task : rows_.attention) run(task);
    return;
  }
  pool_.Run(static_cast<int64_t>(rows_.attention.size()),
            [&](int64_t index) { run(rows_.attention[static_cast<size_t>(index)]); });
}

void Llama::Mlp(const LlamaLayer& layer) {
  if (CanGate(kernels_, layer.gate_up.parts, layer.down.parts)) {
    MatmulArgs args = {.x = buffers_.normed, .x_stride = sizes_.hidden, .num_rows = NumRows()};
    ParallelGatedMatmul(kernels_, pool_, args, layer.gate_up.parts, buffers_.scratch,
                        buffers_.gated_rows);
    args.out = buffers_.delta;
    args.out_stride = sizes_.hidden;
    args.rows_in_form[static_cast<size_t>(kernels_.rows.of(layer.down.parts[0].weight.dtype))] =
        buffers_.gated_rows;
    ParallelMatmul(kernels_, pool_, args, layer.down.parts, buffers_.scratch);
    return;
  }
  Multiply(layer.gate_up, buffers_.normed, sizes_.hidden, buffers_.gate_up);
  ForEachRow([&](int64_t row) {
    float* gate = buffers_.gate_up + row * sizes_.gate_up;
    const int64_t size = config_.intermediate_size;
    kernels_.silu_mul({.gate = gate, .up = gate + size, .out = gate, .size = size});
  });
  Multiply(layer.down, buffers_.gate_up, sizes_.gate_up, buffers_.delta);
}

// The final norm and lm_head, for the rows that want them.
void Llama::Logits(std::span<float> logits) {
  const Linear& head = config_.tie_word_embeddings ? weights_.embedding : weights_.lm_head;
  const auto total = static_cast<int64_t>(rows_.logits_rows.size());
  for (int64_t begin = 0; begin < total; begin += options_.max_logits_rows) {
    const int64_t count = std::min(options_.max_logits_rows, total - begin);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = rows_.logits_rows[static_cast<size_t>(begin + i)];
      kernels_.rms_norm({.x = buffers_.hidden + row * sizes_.hidden,
                         .delta = buffers_.delta + row * sizes_.hidden,
                         .weight = weights_.final_norm,
                         .out = buffers_.logits_input + i * sizes_.hidden,
                         .size = sizes_.hidden,
                         .epsilon = static_cast<float>(config_.rms_norm_eps)});
    }
    ParallelMatmul(kernels_, pool_,
                   {.x = buffers_.logits_input,
                    .x_stride = sizes_.hidden,
                    .num_rows = count,
                    .out = logits.data() + begin * config_.vocab_size,
                    .out_stride = config_.vocab_size},
                   head.parts, buffers_.scratch);
  }
}

}  // namespace

Result<std::unique_ptr<Model>> MakeLlama(const Checkpoint& checkpoint, const KernelSet& kernels,
                                         ThreadPool& pool, const ModelOptions& options) {
  auto shared = std::make_shared<LlamaShared>(checkpoint.config(), kernels, options);
  RL_RETURN_IF_ERROR(shared->Load(checkpoint, pool));
  return Llama::Make(std::move(shared), pool);
}

}  // namespace redline::engine
