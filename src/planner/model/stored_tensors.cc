#include "planner/model/stored_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

// The tensors of a file that are one WeightTensor.
using Names = std::vector<std::string>;

// In the order of TensorsOfLayer() for grouped-query attention and a dense FFN.
std::vector<Names> NamesOfLayer(const GroupedQueryAttention& attention) {
  std::vector<Names> names = {
      {"input_layernorm.weight", "post_attention_layernorm.weight"},
      {"self_attn.q_proj.weight"},
      {"self_attn.k_proj.weight"},
      {"self_attn.v_proj.weight"},
      {"self_attn.o_proj.weight"},
  };
  if (attention.has_qkv_bias) {
    names.push_back({"self_attn.q_proj.bias"});
    names.push_back({"self_attn.k_proj.bias", "self_attn.v_proj.bias"});
  }
  if (attention.qk_norm == GroupedQueryAttention::Norm::kPerHead)
    names.push_back({"self_attn.q_norm.weight", "self_attn.k_norm.weight"});
  names.push_back({"mlp.gate_proj.weight"});
  names.push_back({"mlp.up_proj.weight"});
  names.push_back({"mlp.down_proj.weight"});
  return names;
}

Status CheckIsKnown(const LayerGroup& group) {
  const auto* attention = std::get_if<GroupedQueryAttention>(&group.attention);
  const auto* ffn = std::get_if<DenseFfn>(&group.ffn);
  const bool is_known = attention != nullptr && ffn != nullptr && !ffn->has_bias &&
                        !attention->has_output_bias && !attention->has_sinks &&
                        attention->qk_norm != GroupedQueryAttention::Norm::kAcrossHeads;
  if (is_known) return OkStatus();
  return Unimplemented(
      "the formats of stored tensors are read for layers with grouped-query attention and a dense "
      "FFN without biases; give the model's config.json instead");
}

int64_t NumbersIn(const StoredTensor& tensor) {
  int64_t numbers = 1;
  for (const int64_t size : tensor.shape) numbers *= size;
  return numbers;
}

// Takes each tensor of the file once.
class Table {
 public:
  Status Add(std::span<const StoredTensor> tensors) {
    for (const StoredTensor& tensor : tensors)
      if (!tensors_.emplace(tensor.name, &tensor).second)
        return DataLoss(fmt::format("tensor \"{}\" occurs twice", Excerpt(tensor.name)));
    return OkStatus();
  }

  // The format of the tensors that are `weight` together.
  Result<NumberFormat> Take(const std::string& prefix, const Names& names,
                            const WeightTensor& weight) {
    NumberFormat format;
    int64_t numbers = 0;
    for (const std::string& name : names) {
      const auto found = tensors_.find(prefix + name);
      if (found == tensors_.end())
        return DataLoss(fmt::format("tensor \"{}{}\" is missing", prefix, name));
      const StoredTensor& tensor = *found->second;
      if (numbers > 0 && !(tensor.format == format))
        return Unimplemented(fmt::format("tensor \"{}\" is in {}, others like it are in {}",
                                         tensor.name, NameOf(tensor.format), NameOf(format)));
      format = tensor.format;
      numbers += NumbersIn(tensor);
      tensors_.erase(found);
    }
    const int64_t expected = weight.rows * weight.columns * weight.count;
    if (numbers == expected) return format;
    return DataLoss(fmt::format("tensor \"{}{}\" has {} numbers; the configuration asks for {}",
                                prefix, names.front(), numbers, expected));
  }

  Status CheckIsEmpty() const {
    if (tensors_.empty()) return OkStatus();
    return InvalidArgument(
        fmt::format("tensor \"{}\" is not part of the model", Excerpt(tensors_.begin()->first)));
  }

 private:
  std::map<std::string, const StoredTensor*> tensors_;
};

Result<StoredEnds> EndsOf(const ModelShape& shape, Table& table) {
  StoredEnds ends;
  RL_ASSIGN_OR_RETURN(ends.embedding,
                      table.Take("model.", {"embed_tokens.weight"}, EmbeddingOf(shape)));
  RL_ASSIGN_OR_RETURN(ends.final_norm, table.Take("model.", {"norm.weight"}, FinalNormOf(shape)));
  ends.head = ends.embedding;
  if (shape.has_tied_embeddings) return ends;
  RL_ASSIGN_OR_RETURN(ends.head, table.Take("", {"lm_head.weight"}, HeadOf(shape)));
  return ends;
}

Result<LayerGroup> LayerOf(const ModelShape& shape, size_t layer, Table& table) {
  LayerGroup group = shape.groups[shape.group_of_layer[layer]];
  RL_RETURN_IF_ERROR(CheckIsKnown(group));
  group.num_layers = 1;
  group.stored.clear();
  const std::vector<WeightTensor> weights = TensorsOfLayer(shape.hidden_size, group);
  const std::vector<Names> names = NamesOfLayer(std::get<GroupedQueryAttention>(group.attention));
  if (names.size() != weights.size()) return Internal("a layer has tensors without names");
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  for (size_t i = 0; i < names.size(); ++i) {
    RL_ASSIGN_OR_RETURN(NumberFormat format, table.Take(prefix, names[i], weights[i]));
    group.stored.push_back(std::move(format));
  }
  return group;
}

// The format that holds most bytes.
NumberFormat MainFormat(const ModelShape& shape, std::span<const StoredTensor> tensors) {
  const std::map<std::string, int64_t> bytes = BytesByFormat(shape);
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const StoredTensor& tensor : tensors)
    if (most != bytes.end() && NameOf(tensor.format) == most->first) return tensor.format;
  return shape.format.base;
}

}  // namespace

Result<ModelShape> WithStoredTensors(const ModelShape& shape,
                                     std::span<const StoredTensor> tensors) {
  Table table;
  RL_RETURN_IF_ERROR(table.Add(tensors));
  ModelShape stored = shape;
  RL_ASSIGN_OR_RETURN(stored.stored, EndsOf(shape, table));
  std::vector<LayerGroup> layers;
  for (size_t layer = 0; layer < shape.group_of_layer.size(); ++layer) {
    RL_ASSIGN_OR_RETURN(LayerGroup group, LayerOf(shape, layer, table));
    layers.push_back(std::move(group));
  }
  RL_RETURN_IF_ERROR(table.CheckIsEmpty());
  stored.groups.clear();
  stored.group_of_layer.clear();
  GatherLayers(std::move(layers), stored);
  stored.format.quantized = MainFormat(stored, tensors);
  return stored;
}

}  // namespace redline::planner
