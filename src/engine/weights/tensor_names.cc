#include "engine/weights/tensor_names.h"

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "engine/weights/tensor_extents.h"

namespace redline::engine {
namespace {

enum class Extent { kNone, kHidden, kIntermediate, kVocab, kQuery, kKeyValue, kHeadDim };
enum class When { kAlways, kUntied, kAttentionBias, kQkNorm };

struct TensorRow {
  std::string_view canonical;  // "{}" is the layer's number
  std::string_view gguf;
  Extent rows;  // kNone: a vector
  Extent columns;
  When when;
};

constexpr TensorRow kTensors[] = {
    {"model.embed_tokens.weight", "token_embd.weight", Extent::kVocab, Extent::kHidden,
     When::kAlways},
    {"model.norm.weight", "output_norm.weight", Extent::kNone, Extent::kHidden, When::kAlways},
    {"lm_head.weight", "output.weight", Extent::kVocab, Extent::kHidden, When::kUntied},
    {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", Extent::kNone,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", Extent::kQuery,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", Extent::kKeyValue,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", Extent::kKeyValue,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", Extent::kHidden,
     Extent::kQuery, When::kAlways},
    {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", Extent::kNone, Extent::kQuery,
     When::kAttentionBias},
    {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", Extent::kNone,
     Extent::kKeyValue, When::kAttentionBias},
    {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", Extent::kNone,
     Extent::kKeyValue, When::kAttentionBias},
    {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", Extent::kNone,
     Extent::kHeadDim, When::kQkNorm},
    {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", Extent::kNone,
     Extent::kHeadDim, When::kQkNorm},
    {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", Extent::kNone,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", Extent::kIntermediate,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", Extent::kIntermediate,
     Extent::kHidden, When::kAlways},
    {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", Extent::kHidden,
     Extent::kIntermediate, When::kAlways},
};

// Ends of the names of tensors that only cache what the configuration says (old Llama checkpoints).
constexpr std::string_view kDerivedSuffixes[] = {".rotary_emb.inv_freq"};

int64_t ExtentOf(Extent extent, const ModelConfig& config) {
  switch (extent) {
    case Extent::kNone:
      return 0;
    case Extent::kHidden:
      return config.hidden_size;
    case Extent::kIntermediate:
      return config.intermediate_size;
    case Extent::kVocab:
      return config.vocab_size;
    case Extent::kQuery:
      return config.num_attention_heads * config.head_dim;
    case Extent::kKeyValue:
      return config.num_key_value_heads * config.head_dim;
    case Extent::kHeadDim:
      return config.head_dim;
  }
  return 0;
}

bool IsThere(When when, const ModelConfig& config) {
  switch (when) {
    case When::kAlways:
      return true;
    case When::kUntied:
      return !config.tie_word_embeddings;
    case When::kAttentionBias:
      return config.attention_bias;
    case When::kQkNorm:
      return config.qk_norm;
  }
  return true;
}

std::string WithLayer(std::string_view pattern, int64_t layer) {
  std::string name(pattern);
  const size_t hole = name.find("{}");
  if (hole != std::string::npos) name.replace(hole, 2, std::to_string(layer));
  return name;
}

ExpectedTensor Expect(const TensorRow& row, int64_t layer, const ModelConfig& config,
                      NameStyle style) {
  ExpectedTensor expected;
  expected.canonical_name = WithLayer(row.canonical, layer);
  expected.file_name =
      style == NameStyle::kGguf ? WithLayer(row.gguf, layer) : expected.canonical_name;
  if (row.rows != Extent::kNone) expected.shape.push_back(ExtentOf(row.rows, config));
  expected.shape.push_back(ExtentOf(row.columns, config));
  return expected;
}

bool IsDerived(std::string_view name) {
  return std::any_of(std::begin(kDerivedSuffixes), std::end(kDerivedSuffixes),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

using TensorIndex = std::unordered_map<std::string_view, const TensorView*>;

Result<TensorView> Take(TensorIndex& index, const ExpectedTensor& expected) {
  const auto entry = index.find(expected.file_name);
  if (entry == index.end())
    return DataLoss("tensor \"" + expected.file_name + "\" is missing; the model is incomplete");
  TensorView view = *entry->second;
  if (view.shape != expected.shape)
    return DataLoss("tensor \"" + expected.file_name + "\" has shape " + ShapeText(view.shape) +
                    "; the configuration asks for " + ShapeText(expected.shape));
  view.name = expected.canonical_name;
  index.erase(entry);
  return view;
}

}  // namespace

std::vector<ExpectedTensor> ExpectedTensors(const ModelConfig& config, NameStyle style) {
  std::vector<ExpectedTensor> tensors;
  for (const TensorRow& row : kTensors) {
    if (!IsThere(row.when, config)) continue;
    const bool per_layer = row.canonical.find("{}") != std::string_view::npos;
    const int64_t count = per_layer ? config.num_hidden_layers : 1;
    for (int64_t layer = 0; layer < count; ++layer)
      tensors.push_back(Expect(row, layer, config, style));
  }
  return tensors;
}

Result<std::vector<TensorView>> SelectTensors(const ModelConfig& config, NameStyle style,
                                              const std::vector<TensorView>& file_tensors) {
  TensorIndex index;
  for (const TensorView& view : file_tensors) {
    if (!IsDerived(view.name)) index.emplace(view.name, &view);
  }
  std::vector<TensorView> selected;
  for (const ExpectedTensor& expected : ExpectedTensors(config, style)) {
    RL_ASSIGN_OR_RETURN(TensorView view, Take(index, expected));
    selected.push_back(std::move(view));
  }
  for (const TensorView& view : file_tensors) {
    if (index.contains(view.name))
      return Unimplemented("tensor \"" + Excerpt(view.name) + "\" is not part of a " +
                           config.model_type + " model as this engine knows it");
  }
  return selected;
}

}  // namespace redline::engine
