#include "planner/model/weight_tensors.h"

namespace redline::planner {
namespace {

// Collects the tensors of one layer.
class LayerTensors {
 public:
  explicit LayerTensors(int64_t hidden_size) : hidden_size_(hidden_size) {}

  void Add(const GroupedQueryAttention& attention);
  void Add(const LatentAttention& attention);
  void Add(const LinearAttention& attention);
  void Add(const DenseFfn& ffn);
  void Add(const MoeFfn& ffn);
  void AddNorm(int64_t size) { tensors_.push_back({.rows = size}); }

  std::vector<WeightTensor> Take() { return std::move(tensors_); }

 private:
  void Add(const Indexer& indexer, int64_t q_lora_rank);
  // A matrix whose outputs are heads of the attention.
  void AddByHead(Module module, int64_t num_heads, int64_t head_dim, int64_t columns,
                 Division division = Division::kAttention);
  // One number for each of the heads' dimensions.
  void AddHeadVector(TensorClass tensor_class, int64_t num_heads, int64_t head_dim,
                     Division division, bool is_float32 = false);
  void AddOutput(Module module, TensorClass tensor_class, int64_t num_heads, int64_t head_dim);
  // gate, up and down.
  void AddMlp(WeightTensor common, int64_t intermediate_size);

  const int64_t hidden_size_;
  std::vector<WeightTensor> tensors_;
};

void LayerTensors::AddByHead(Module module, int64_t num_heads, int64_t head_dim, int64_t columns,
                             Division division) {
  tensors_.push_back({.tensor_class = TensorClass::kAttention,
                      .module = module,
                      .rows = num_heads * head_dim,
                      .columns = columns,
                      .division = division,
                      .units = num_heads});
}

void LayerTensors::AddHeadVector(TensorClass tensor_class, int64_t num_heads, int64_t head_dim,
                                 Division division, bool is_float32) {
  tensors_.push_back({.tensor_class = tensor_class,
                      .rows = num_heads * head_dim,
                      .division = division,
                      .units = num_heads,
                      .is_float32 = is_float32});
}

void LayerTensors::AddOutput(Module module, TensorClass tensor_class, int64_t num_heads,
                             int64_t head_dim) {
  tensors_.push_back({.tensor_class = tensor_class,
                      .module = module,
                      .rows = hidden_size_,
                      .columns = num_heads * head_dim,
                      .division = Division::kAttention,
                      .divides_rows = false,
                      .units = num_heads});
}

void LayerTensors::Add(const GroupedQueryAttention& attention) {
  const int64_t heads = attention.num_heads;
  const int64_t kv_heads = attention.num_kv_heads;
  const int64_t dim = attention.head_dim;
  AddByHead(Module::kQkv, heads, attention.has_output_gate ? 2 * dim : dim, hidden_size_);
  for (int i = 0; i < 2; ++i)
    AddByHead(Module::kQkv, kv_heads, dim, hidden_size_, Division::kKvHeads);
  AddOutput(Module::kOutput, TensorClass::kAttention, heads, dim);
  if (attention.has_qkv_bias) {
    AddHeadVector(TensorClass::kAttention, heads, dim, Division::kAttention);
    AddHeadVector(TensorClass::kAttention, kv_heads, 2 * dim, Division::kKvHeads);
  }
  if (attention.has_output_bias)
    tensors_.push_back({.tensor_class = TensorClass::kAttention, .rows = hidden_size_});
  if (attention.has_sinks) AddHeadVector(TensorClass::kAttention, heads, 1, Division::kAttention);
  if (attention.qk_norm == GroupedQueryAttention::Norm::kPerHead) AddNorm(2 * dim);
  if (attention.qk_norm == GroupedQueryAttention::Norm::kAcrossHeads) {
    AddHeadVector(TensorClass::kNorms, heads, dim, Division::kAttention);
    AddHeadVector(TensorClass::kNorms, kv_heads, dim, Division::kKvHeads);
  }
}

// Down projections and the indexer are whole on every rank: what they make is shared by all heads.
void LayerTensors::Add(const LatentAttention& attention) {
  const int64_t heads = attention.num_heads;
  const int64_t query_dim = attention.qk_nope_head_dim + attention.qk_rope_head_dim;
  const auto add_down = [this](Module module, int64_t rows) {
    tensors_.push_back({.tensor_class = TensorClass::kAttention,
                        .module = module,
                        .rows = rows,
                        .columns = hidden_size_});
  };
  if (attention.q_lora_rank > 0) {
    add_down(Module::kQueryDown, attention.q_lora_rank);
    AddNorm(attention.q_lora_rank);
    AddByHead(Module::kQueryUp, heads, query_dim, attention.q_lora_rank);
  } else {
    AddByHead(Module::kQueryUp, heads, query_dim, hidden_size_);
  }
  add_down(Module::kKvDown, attention.kv_lora_rank + attention.qk_rope_head_dim);
  AddNorm(attention.kv_lora_rank);
  AddByHead(Module::kKvUp, heads, attention.qk_nope_head_dim + attention.v_head_dim,
            attention.kv_lora_rank);
  AddOutput(Module::kOutput, TensorClass::kAttention, heads, attention.v_head_dim);
  if (attention.indexer) Add(*attention.indexer, attention.q_lora_rank);
}

void LayerTensors::Add(const Indexer& indexer, int64_t q_lora_rank) {
  if (indexer.is_shared) return;
  const auto add = [this](Module module, int64_t rows, int64_t columns) {
    tensors_.push_back({.tensor_class = TensorClass::kIndexer,
                        .module = module,
                        .rows = rows,
                        .columns = columns});
  };
  add(Module::kIndexer, indexer.num_heads * indexer.head_dim, q_lora_rank);
  add(Module::kIndexer, indexer.head_dim, hidden_size_);
  add(Module::kNone, indexer.num_heads, hidden_size_);  // weights_proj
  add(Module::kNone, 2 * indexer.head_dim, 1);          // a norm with a bias
}

// The published tensors of Qwen3.5: in_proj_qkv, in_proj_z, in_proj_a, in_proj_b, conv1d, dt_bias,
// out_proj, and A_log and the norm in fp32.
void LayerTensors::Add(const LinearAttention& attention) {
  const auto add = [this](Module module, int64_t num_heads, int64_t head_dim, int64_t columns) {
    AddByHead(module, num_heads, head_dim, columns);
    tensors_.back().tensor_class = TensorClass::kLinearAttention;
  };
  const auto add_vector = [this](int64_t num_heads, int64_t head_dim, bool is_float32 = false) {
    AddHeadVector(TensorClass::kLinearAttention, num_heads, head_dim, Division::kAttention,
                  is_float32);
  };
  const int64_t keys = attention.num_key_heads;
  const int64_t values = attention.num_value_heads;
  for (int i = 0; i < 2; ++i) add(Module::kLinearQkvz, keys, attention.key_head_dim, hidden_size_);
  for (int i = 0; i < 2; ++i)
    add(Module::kLinearQkvz, values, attention.value_head_dim, hidden_size_);
  for (int i = 0; i < 2; ++i) add(Module::kLinearGates, values, 1, hidden_size_);
  add_vector(keys, 2 * attention.key_head_dim * attention.conv_kernel_size);
  add_vector(values, attention.value_head_dim * attention.conv_kernel_size);
  add_vector(values, 1);
  add_vector(values, 1, /*is_float32=*/true);
  tensors_.push_back({.rows = attention.value_head_dim, .is_float32 = true});
  AddOutput(Module::kOutput, TensorClass::kLinearAttention, values, attention.value_head_dim);
}

void LayerTensors::AddMlp(WeightTensor common, int64_t intermediate_size) {
  common.units = intermediate_size;
  common.rows = intermediate_size;
  common.columns = hidden_size_;
  tensors_.push_back(common);
  tensors_.push_back(common);
  common.rows = hidden_size_;
  common.columns = intermediate_size;
  common.divides_rows = false;
  tensors_.push_back(common);
}

void LayerTensors::Add(const DenseFfn& ffn) {
  const WeightTensor common = {.tensor_class = TensorClass::kDenseFfn,
                               .module = Module::kDense,
                               .division = Division::kDenseFfn};
  AddMlp(common, ffn.intermediate_size);
  if (!ffn.has_bias) return;
  tensors_.push_back({.tensor_class = TensorClass::kDenseFfn,
                      .rows = 2 * ffn.intermediate_size,
                      .division = Division::kDenseFfn,
                      .units = ffn.intermediate_size});
  tensors_.push_back({.tensor_class = TensorClass::kDenseFfn, .rows = hidden_size_});
}

void LayerTensors::Add(const MoeFfn& ffn) {
  const int64_t experts = ffn.num_experts;
  tensors_.push_back(
      {.tensor_class = TensorClass::kRouter, .rows = experts, .columns = hidden_size_});
  if (ffn.has_router_bias)
    tensors_.push_back({.tensor_class = TensorClass::kRouter, .rows = experts});
  if (ffn.has_score_correction)
    tensors_.push_back({.tensor_class = TensorClass::kRouter, .rows = experts, .is_float32 = true});
  const WeightTensor common = {.tensor_class = TensorClass::kRoutedExperts,
                               .module = Module::kExperts,
                               .count = experts,
                               .division = Division::kExperts};
  AddMlp(common, ffn.expert_intermediate_size);
  if (ffn.has_expert_bias) {
    WeightTensor bias = common;
    bias.module = Module::kNone;
    bias.rows = 2 * ffn.expert_intermediate_size;
    bias.units = ffn.expert_intermediate_size;
    tensors_.push_back(bias);
    bias.rows = hidden_size_;
    bias.units = 1;  // each rank adds it, or one does: it has it whole
    tensors_.push_back(bias);
  }
  if (ffn.shared_intermediate_size > 0)
    AddMlp({.tensor_class = TensorClass::kSharedExperts,
            .module = Module::kSharedExperts,
            .division = Division::kSharedExperts},
           ffn.shared_intermediate_size);
  if (ffn.has_shared_gate)
    tensors_.push_back(
        {.tensor_class = TensorClass::kSharedExperts, .rows = 1, .columns = hidden_size_});
}

WeightTensor VocabularyTensor(const ModelShape& shape, TensorClass tensor_class,
                              Division division) {
  return {.tensor_class = tensor_class,
          .rows = shape.vocab_size,
          .columns = shape.hidden_size,
          .division = division,
          .units = shape.vocab_size};
}

}  // namespace

std::string_view NameOf(TensorClass tensor_class) {
  constexpr std::string_view kNames[kNumTensorClasses] = {
      "embedding", "head",   "norms",          "attention",      "indexer",   "linear_attention",
      "dense_ffn", "router", "routed_experts", "shared_experts", "prediction"};
  return kNames[static_cast<int>(tensor_class)];
}

std::vector<WeightTensor> TensorsOfLayer(int64_t hidden_size, const LayerGroup& group) {
  LayerTensors tensors(hidden_size);
  tensors.AddNorm(2 * hidden_size);
  std::visit([&tensors](const auto& attention) { tensors.Add(attention); }, group.attention);
  std::visit([&tensors](const auto& ffn) { tensors.Add(ffn); }, group.ffn);
  std::vector<WeightTensor> all = tensors.Take();
  for (size_t i = 0; i < group.stored.size() && i < all.size(); ++i)
    all[i].stored = group.stored[i];
  return all;
}

// eh_proj (fc in Qwen3.5) and three norms: of the hidden state, of the embedding, of the result.
std::vector<WeightTensor> TensorsOfPredictionLayer(int64_t hidden_size, const LayerGroup& group) {
  std::vector<WeightTensor> tensors = TensorsOfLayer(hidden_size, group);
  tensors.push_back({.rows = hidden_size, .columns = 2 * hidden_size});
  tensors.push_back({.rows = 3 * hidden_size});
  for (WeightTensor& tensor : tensors) tensor.tensor_class = TensorClass::kPrediction;
  return tensors;
}

WeightTensor EmbeddingOf(const ModelShape& shape) {
  WeightTensor tensor = VocabularyTensor(shape, TensorClass::kEmbedding, Division::kEmbedding);
  if (shape.stored) tensor.stored = shape.stored->embedding;
  return tensor;
}

WeightTensor HeadOf(const ModelShape& shape) {
  WeightTensor tensor = VocabularyTensor(shape, TensorClass::kHead, Division::kHead);
  if (shape.stored) tensor.stored = shape.stored->head;
  return tensor;
}

WeightTensor FinalNormOf(const ModelShape& shape) {
  WeightTensor tensor{.rows = shape.hidden_size};
  if (shape.stored) tensor.stored = shape.stored->final_norm;
  return tensor;
}

}  // namespace redline::planner
