#include "engine/bench/model_shapes.h"

#include <algorithm>
#include <functional>
#include <initializer_list>

#include "base/strings.h"

namespace redline::engine {
namespace {

struct Part {
  const char* tensor;  // under "model.layers.N."
  int64_t out_features;
};

using DTypeOf = std::function<DType(const std::string& tensor)>;

// Counts a linear that is there already.
void Add(LinearShape linear, std::vector<LinearShape>& linears) {
  for (LinearShape& known : linears) {
    linear.count = known.count;
    if (!(known == linear)) continue;
    ++known.count;
    return;
  }
  linear.count = 1;
  linears.push_back(std::move(linear));
}

void AddLinear(const std::string& name, const std::string& prefix, int64_t in_features,
               std::initializer_list<Part> parts, const DTypeOf& dtype_of,
               std::vector<LinearShape>& linears) {
  LinearShape linear{.name = name, .in_features = in_features};
  for (const Part& part : parts) {
    linear.out_features.push_back(part.out_features);
    linear.dtypes.push_back(dtype_of(prefix + part.tensor + ".weight"));
  }
  Add(std::move(linear), linears);
}

std::vector<LinearShape> LinearsOf(const ModelConfig& config, const DTypeOf& dtype_of) {
  const int64_t hidden = config.hidden_size;
  const int64_t q = config.num_attention_heads * config.head_dim;
  const int64_t kv = config.num_key_value_heads * config.head_dim;
  const int64_t inner = config.intermediate_size;
  std::vector<LinearShape> linears;
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    AddLinear("qkv", prefix, hidden,
              {{"self_attn.q_proj", q}, {"self_attn.k_proj", kv}, {"self_attn.v_proj", kv}},
              dtype_of, linears);
    AddLinear("attention_out", prefix, q, {{"self_attn.o_proj", hidden}}, dtype_of, linears);
    AddLinear("gate_up", prefix, hidden, {{"mlp.gate_proj", inner}, {"mlp.up_proj", inner}},
              dtype_of, linears);
    AddLinear("down", prefix, inner, {{"mlp.down_proj", hidden}}, dtype_of, linears);
  }
  const char* head = config.tie_word_embeddings ? "model.embed_tokens" : "lm_head";
  AddLinear("lm_head", "", hidden, {{head, config.vocab_size}}, dtype_of, linears);
  return linears;
}

}  // namespace

std::string LinearShape::FormatName() const {
  std::vector<std::string> names;
  for (const DType dtype : dtypes) {
    std::string format(InfoOf(dtype).name);
    if (std::find(names.begin(), names.end(), format) == names.end())
      names.push_back(std::move(format));
  }
  return Join(names, "+");
}

ModelShapes ShapesOf(const Checkpoint& checkpoint, std::string name) {
  const auto dtype_of = [&](const std::string& tensor) {
    const TensorView* view = checkpoint.Find(tensor);
    return view == nullptr ? DType::kF32 : view->dtype;
  };
  return {.name = std::move(name),
          .config = checkpoint.config(),
          .linears = LinearsOf(checkpoint.config(), dtype_of)};
}

ModelShapes DefaultShapes(DType dtype) {
  ModelShapes shapes{.name = "SmolLM2-135M's dimensions"};
  shapes.config.hidden_size = 576;
  shapes.config.intermediate_size = 1536;
  shapes.config.num_hidden_layers = 30;
  shapes.config.num_attention_heads = 9;
  shapes.config.num_key_value_heads = 3;
  shapes.config.head_dim = 64;
  shapes.config.vocab_size = 49152;
  shapes.config.tie_word_embeddings = true;
  shapes.linears = LinearsOf(shapes.config, [dtype](const std::string&) { return dtype; });
  return shapes;
}

std::vector<LinearShape> InFormat(const std::vector<LinearShape>& linears, DType dtype) {
  const int64_t block = InfoOf(dtype).block_elements;
  std::vector<LinearShape> converted;
  for (LinearShape linear : linears) {
    std::fill(linear.dtypes.begin(), linear.dtypes.end(), dtype);
    linear.in_features = (linear.in_features + block - 1) / block * block;
    linear.count = 0;
    const bool is_known = std::find(converted.begin(), converted.end(), linear) != converted.end();
    if (!is_known) converted.push_back(std::move(linear));
  }
  return converted;
}

}  // namespace redline::engine
