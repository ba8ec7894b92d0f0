#include "engine/export/hf_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/export/export_dtype.h"

namespace redline::engine {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct HfFamily {
  std::string_view model_type;
  std::string_view class_name;
};

constexpr HfFamily kHfFamilies[] = {
    {"llama", "LlamaForCausalLM"},
    {"qwen2", "Qwen2ForCausalLM"},
    {"qwen3", "Qwen3ForCausalLM"},
};

// Whose files these are like. Without it transformers 4.57 takes every large vocabulary for one of
// Mistral's with a wrong regex, and warns.
constexpr std::string_view kTransformersVersion = "4.57.1";

// A GGUF keeps numbers as f32: 1e-05 became 9.99999974737875e-06, and is written as 1e-05 again.
double ShortestDecimal(double value) {
  const auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) != value) return value;
  std::array<char, 64> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), narrow);
  double shortest = value;
  std::from_chars(text.data(), written.ptr, shortest);
  return shortest;
}

OrderedJson ScalingJson(const RopeScaling& scaling) {
  if (scaling.kind == RopeScaling::Kind::kNone) return nullptr;
  OrderedJson tree = {{"rope_type", "linear"}, {"factor", ShortestDecimal(scaling.factor)}};
  if (scaling.kind == RopeScaling::Kind::kLinear) return tree;
  tree["rope_type"] = "llama3";
  tree["low_freq_factor"] = scaling.low_freq_factor;
  tree["high_freq_factor"] = scaling.high_freq_factor;
  tree["original_max_position_embeddings"] = scaling.original_max_position_embeddings;
  return tree;
}

void AddSizes(const ModelConfig& config, OrderedJson& tree) {
  tree["vocab_size"] = config.vocab_size;
  tree["hidden_size"] = config.hidden_size;
  tree["intermediate_size"] = config.intermediate_size;
  tree["num_hidden_layers"] = config.num_hidden_layers;
  tree["num_attention_heads"] = config.num_attention_heads;
  tree["num_key_value_heads"] = config.num_key_value_heads;
  tree["head_dim"] = config.head_dim;
  tree["max_position_embeddings"] = config.max_position_embeddings;
}

// Keys that only some families have.
void AddFamilyKeys(const ModelConfig& config, OrderedJson& tree) {
  if (!config.attention_bias) tree["attention_bias"] = false;
  if (config.model_type == "llama") {
    tree["mlp_bias"] = false;
    return;
  }
  tree["use_sliding_window"] = false;
  tree["sliding_window"] = nullptr;
  tree["max_window_layers"] = config.num_hidden_layers;
}

// Ids that a GGUF names; "eos_token_id" is a list where generation ends at several tokens.
void AddTokenIds(const ModelConfig& config, OrderedJson& tree) {
  if (config.bos_token_id) tree["bos_token_id"] = *config.bos_token_id;
  if (config.eos_token_ids.size() == 1) tree["eos_token_id"] = config.eos_token_ids.front();
  if (config.eos_token_ids.size() > 1) tree["eos_token_id"] = config.eos_token_ids;
}

// The token that fills up batches: the header's, else the one that ends a text.
std::optional<TokenId> PadTokenId(const Checkpoint& checkpoint) {
  const text::GgufVocabulary* vocabulary = checkpoint.vocabulary();
  if (vocabulary == nullptr) return std::nullopt;
  const auto size = static_cast<int64_t>(vocabulary->tokens.size());
  const auto pad = vocabulary->pad_token_id;
  return pad && *pad >= 0 && *pad < size ? pad : vocabulary->eos_token_id;
}

OrderedJson ConfigTree(const ModelConfig& config, std::string_view class_name, DType dtype) {
  OrderedJson tree = {{"architectures", {class_name}},
                      {"model_type", config.model_type},
                      {"torch_dtype", ExportInfoOf(dtype).name},
                      {"hidden_act", "silu"},
                      {"attention_dropout", 0.0},
                      {"use_cache", true},
                      {"transformers_version", kTransformersVersion}};
  AddSizes(config, tree);
  tree["rms_norm_eps"] = ShortestDecimal(config.rms_norm_eps);
  tree["rope_theta"] = ShortestDecimal(config.rope_theta);
  tree["rope_scaling"] = ScalingJson(config.rope_scaling);
  tree["tie_word_embeddings"] = config.tie_word_embeddings;
  AddFamilyKeys(config, tree);
  AddTokenIds(config, tree);
  return tree;
}

Result<std::string_view> ClassNameOf(const ModelConfig& config) {
  const auto* family = std::ranges::find(kHfFamilies, config.model_type, &HfFamily::model_type);
  if (family != std::end(kHfFamilies)) return family->class_name;
  return Unimplemented("a " + config.model_type + " model has no known Hugging Face form");
}

OrderedJson GenerationTree(const Checkpoint& checkpoint) {
  OrderedJson tree = OrderedJson::object();
  AddTokenIds(checkpoint.config(), tree);
  if (const auto pad = PadTokenId(checkpoint)) tree["pad_token_id"] = *pad;
  return tree;
}

OrderedJson TokenizerTree(const Checkpoint& checkpoint, bool adds_bos) {
  OrderedJson tree = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                      {"model_max_length", checkpoint.config().max_position_embeddings},
                      {"add_bos_token", adds_bos},
                      {"clean_up_tokenization_spaces", false}};
  if (!checkpoint.bos_token().empty()) tree["bos_token"] = checkpoint.bos_token();
  if (!checkpoint.eos_token().empty()) tree["eos_token"] = checkpoint.eos_token();
  if (const auto pad = PadTokenId(checkpoint))
    tree["pad_token"] = checkpoint.vocabulary()->tokens[static_cast<size_t>(*pad)];
  if (!checkpoint.chat_template().empty()) tree["chat_template"] = checkpoint.chat_template();
  return tree;
}

HfTextFile TextFileOf(std::string name, const OrderedJson& tree) {
  return {std::move(name), tree.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n"};
}

}  // namespace

Result<std::string> MakeHfConfig(const ModelConfig& config, DType dtype) {
  RL_ASSIGN_OR_RETURN(const std::string_view class_name, ClassNameOf(config));
  return TextFileOf("config.json", ConfigTree(config, class_name, dtype)).text;
}

Result<std::vector<HfTextFile>> MakeHfTextFiles(const Checkpoint& checkpoint, DType dtype) {
  RL_ASSIGN_OR_RETURN(const std::string_view class_name, ClassNameOf(checkpoint.config()));
  OrderedJson config = ConfigTree(checkpoint.config(), class_name, dtype);
  if (const auto pad = PadTokenId(checkpoint)) config["pad_token_id"] = *pad;
  std::vector<HfTextFile> files = {
      TextFileOf("config.json", config),
      TextFileOf("generation_config.json", GenerationTree(checkpoint))};
  if (checkpoint.vocabulary() == nullptr) return files;
  RL_ASSIGN_OR_RETURN(std::string tokenizer, text::GgufTokenizerJson(*checkpoint.vocabulary()));
  RL_ASSIGN_OR_RETURN(const auto made, checkpoint.MakeTokenizer());
  files.push_back({"tokenizer.json", std::move(tokenizer)});
  files.push_back(TextFileOf("tokenizer_config.json", TokenizerTree(checkpoint, made->AddsBos())));
  return files;
}

}  // namespace redline::engine
