#include "engine/model/llama.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/log.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/model/anonymous_memory.h"
#include "engine/model/batch_rows.h"
#include "engine/model/llama_weights.h"
#include "engine/model/rope_frequencies.h"

namespace redline::engine {
namespace {

// Row-wise work is handed to the pool in blocks of this many rows; less is done where it stands.
constexpr int64_t kRowsPerTask = 8;
// Attention over less than this is done before another thread could help.
constexpr int64_t kMinParallelAttentionFlops = 100'000;

// Sizes of one row of each working buffer, in floats.
struct RowSizes {
  explicit RowSizes(const ModelConfig& config)
      : hidden(config.hidden_size),
        q(config.num_attention_heads * config.head_dim),
        kv(config.num_key_value_heads * config.head_dim),
        qkv(q + 2 * kv),
        gate_up(2 * config.intermediate_size),
        half_head(config.head_dim / 2) {}

  // Hidden states, their normed form, the addition to come, q k v, attention's result, gate and up,
  // cos and sin.
  int64_t Total() const { return 3 * hidden + qkv + q + gate_up + 2 * half_head; }

  int64_t hidden, q, kv, qkv, gate_up, half_head;
};

// Working memory of a forward pass; [max rows][row size] each.
struct Activations {
  float* hidden;  // the residual stream, without the last sublayer's `delta`
  float* normed;
  float* delta;  // what the last sublayer adds
  float* qkv;
  float* attention;
  float* gate_up;
  float* cos;
  float* sin;
  float* logits_input;  // [max logits rows][hidden]
};

class Llama final : public Model {
 public:
  Llama(const ModelConfig& config, const KernelSet& kernels, ThreadPool& pool,
        const ModelOptions& options)
      : config_(config),
        sizes_(config),
        options_(options),
        kernels_(kernels),
        pool_(pool),
        rope_frequencies_(RopeFrequencies(config)) {}

  Status Load(const Checkpoint& checkpoint);

  const ModelConfig& config() const override { return config_; }
  const KernelSet& kernels() const override { return kernels_; }
  int64_t WeightBytes() const override { return weight_bytes_; }
  int64_t ActivationBytes(int64_t max_rows) const override {
    const int64_t logits_floats = options_.max_logits_rows * sizes_.hidden;
    return (max_rows * sizes_.Total() + logits_floats) * static_cast<int64_t>(sizeof(float));
  }
  KvLayout kv_layout() const override {
    return {config_.num_hidden_layers, config_.num_key_value_heads, config_.head_dim,
            KvDtypeInUse()};
  }
  void Forward(const Batch& batch, KvCache& kv, std::span<float> logits) override;

 private:
  KvDtype KvDtypeInUse() const;
  void PlaceActivations(float* memory);
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

  const ModelConfig config_;
  const RowSizes sizes_;
  const ModelOptions options_;
  const KernelSet& kernels_;
  ThreadPool& pool_;
  const std::vector<double> rope_frequencies_;
  LlamaWeights weights_;
  int64_t weight_bytes_ = 0;
  AnonymousMemory memory_;  // weights, then activations
  Activations buffers_;
  BatchRows rows_;
};

Status Llama::Load(const Checkpoint& checkpoint) {
  if (config_.head_dim > kMaxHeadDim || config_.head_dim % 2 != 0) {
    return Unimplemented("head_dim " + std::to_string(config_.head_dim) +
                         ": this engine has even head sizes up to " + std::to_string(kMaxHeadDim));
  }
  WeightBinder binder(checkpoint);
  RL_RETURN_IF_ERROR(BindLlamaWeights(config_, binder, &weights_));
  weight_bytes_ = binder.Bytes();
  RL_ASSIGN_OR_RETURN(
      memory_, AnonymousMemory::Allocate(weight_bytes_ + ActivationBytes(options_.max_batch_rows),
                                         "the model (weights, and activations of " +
                                             std::to_string(options_.max_batch_rows) + " rows)"));
  binder.Load(pool_, memory_.data());
  RL_RETURN_IF_ERROR(checkpoint.CheckIntact());
  PlaceActivations(reinterpret_cast<float*>(memory_.data() + weight_bytes_));
  return OkStatus();
}

void Llama::PlaceActivations(float* memory) {
  const auto take = [&](int64_t row_size) {
    float* buffer = memory;
    memory += options_.max_batch_rows * row_size;
    return buffer;
  };
  buffers_.hidden = take(sizes_.hidden);
  buffers_.normed = take(sizes_.hidden);
  buffers_.delta = take(sizes_.hidden);
  buffers_.qkv = take(sizes_.qkv);
  buffers_.attention = take(sizes_.q);
  buffers_.gate_up = take(sizes_.gate_up);
  buffers_.cos = take(sizes_.half_head);
  buffers_.sin = take(sizes_.half_head);
  buffers_.logits_input = memory;
}

KvDtype Llama::KvDtypeInUse() const {
  if (options_.kv_dtype) return *options_.kv_dtype;
  const DType weights = weights_.layers.front().qkv.parts.front().weight.dtype;
  return weights == DType::kBF16 ? KvDtype::kBf16 : KvDtype::kF32;
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
                 linear.parts);
}

void Llama::Forward(const Batch& batch, KvCache& kv, std::span<float> logits) {
  rows_.Build(batch, kv, config_.num_attention_heads);
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
  RopeAngles(rope_frequencies_, from.position, buffers_.cos + row * sizes_.half_head,
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
    kernels_.attention(args, task.queries);
  };
  if (4 * config_.head_dim * rows_.attention_pairs < kMinParallelAttentionFlops) {
    for (const AttentionTask& task : rows_.attention) run(task);
    return;
  }
  pool_.Run(static_cast<int64_t>(rows_.attention.size()),
            [&](int64_t index) { run(rows_.attention[static_cast<size_t>(index)]); });
}

void Llama::Mlp(const LlamaLayer& layer) {
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
                   head.parts);
  }
}

}  // namespace

Result<std::unique_ptr<Model>> MakeLlama(const Checkpoint& checkpoint, const KernelSet& kernels,
                                         ThreadPool& pool, const ModelOptions& options) {
  auto model = std::make_unique<Llama>(checkpoint.config(), kernels, pool, options);
  RL_RETURN_IF_ERROR(model->Load(checkpoint));
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace redline::engine
