#include "engine/weights/hf_config.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "engine/weights/config_check.h"
#include "engine/weights/json_file.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

// The defaults are those of the model's configuration class in transformers, used for absent keys.
struct Family {
  std::string_view model_type;
  std::string_view class_name;
  bool attention_bias;
  bool qk_norm;
  std::optional<int64_t> default_head_dim;  // absent: hidden_size / num_attention_heads
};

constexpr Family kFamilies[] = {
    {"llama", "LlamaForCausalLM", false, false, std::nullopt},
    {"qwen2", "Qwen2ForCausalLM", true, false, std::nullopt},
    {"qwen3", "Qwen3ForCausalLM", false, true, 128},
};

// Booleans that change the computation when true.
constexpr std::string_view kRefusedFlags[] = {"attention_bias", "mlp_bias", "use_sliding_window",
                                              "rope_interleaved"};

Status Damaged(std::string_view key, std::string_view expected) {
  return Status(Code::kDataLoss,
                "config.json: " + std::string(key) + " is not " + std::string(expected),
                std::string(key));
}

Status Refused(std::string_view key, const Json& value, std::string_view instead) {
  return Unimplemented("config.json: " + std::string(key) + " = " +
                           Excerpt(value.dump(-1, ' ', true, Json::error_handler_t::replace)) +
                           " is not supported; this engine has " + std::string(instead),
                       std::string(key));
}

// The value of a key, or nullptr when it is absent or null.
const Json* Get(const Json& object, std::string_view key) {
  const auto entry = object.find(key);
  return entry == object.end() || entry->is_null() ? nullptr : &*entry;
}

Result<std::optional<int64_t>> Int(const Json& object, std::string_view key) {
  const Json* value = Get(object, key);
  if (value == nullptr) return std::optional<int64_t>();
  if (!value->is_number_integer()) return Damaged(key, "an integer");
  if (value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    return Damaged(key, "a number of 63 bits");
  return std::optional<int64_t>(value->get<int64_t>());
}

Result<double> NumberOr(const Json& object, std::string_view key, double fallback) {
  const Json* value = Get(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) return Damaged(key, "a number");
  return value->get<double>();
}

Result<bool> BoolOr(const Json& object, std::string_view key, bool fallback) {
  const Json* value = Get(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return Damaged(key, "a boolean");
  return value->get<bool>();
}

Result<std::optional<std::string>> String(const Json& object, std::string_view key) {
  const Json* value = Get(object, key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return Damaged(key, "a string");
  return std::optional<std::string>(value->get<std::string>());
}

Result<int64_t> Required(const Json& config, std::string_view key) {
  RL_ASSIGN_OR_RETURN(const auto value, Int(config, key));
  if (!value) return Damaged(key, "there");
  return *value;
}

Result<int64_t> IntOr(const Json& config, std::string_view key, int64_t fallback) {
  RL_ASSIGN_OR_RETURN(const auto value, Int(config, key));
  return value.value_or(fallback);
}

Result<Family> FindFamily(const Json& config) {
  RL_ASSIGN_OR_RETURN(const auto model_type, String(config, "model_type"));
  if (!model_type) return Damaged("model_type", "there");
  const auto family =
      std::find_if(std::begin(kFamilies), std::end(kFamilies),
                   [&](const Family& row) { return row.model_type == *model_type; });
  if (family == std::end(kFamilies))
    return Refused("model_type", *model_type, "llama, qwen2 and qwen3");
  const Json* architectures = Get(config, "architectures");
  if (architectures == nullptr) return *family;
  if (*architectures != Json::array({family->class_name}))
    return Refused("architectures", *architectures, family->class_name);
  return *family;
}

Status RefuseUnsupported(const Json& config) {
  for (const std::string_view key : kRefusedFlags) {
    RL_ASSIGN_OR_RETURN(const bool set, BoolOr(config, key, false));
    if (set) return Refused(key, true, "models without it");
  }
  RL_ASSIGN_OR_RETURN(const auto activation, String(config, "hidden_act"));
  if (activation && *activation != "silu") return Refused("hidden_act", *activation, "silu");
  RL_ASSIGN_OR_RETURN(const double rotary, NumberOr(config, "partial_rotary_factor", 1));
  if (rotary != 1) return Refused("partial_rotary_factor", rotary, "1");
  if (const Json* quantization = Get(config, "quantization_config"))
    return Refused("quantization_config", quantization->value("quant_method", Json("unnamed")),
                   "unquantised safetensors, and GGUF for quantised models");
  return OkStatus();
}

// Qwen names a window that only use_sliding_window would switch on; for others naming it is enough.
Status RefuseWindows(const Json& config, const Family& family) {
  const Json* window = Get(config, "sliding_window");
  if (window != nullptr && family.model_type == "llama")
    return Refused("sliding_window", *window, "full attention");
  const Json* layer_types = Get(config, "layer_types");
  if (layer_types == nullptr) return OkStatus();
  if (!layer_types->is_array()) return Damaged("layer_types", "a list");
  for (const Json& type : *layer_types) {
    if (type != "full_attention") return Refused("layer_types", type, "full attention");
  }
  return OkStatus();
}

Status ReadSizes(const Json& json, const Family& family, ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(config.hidden_size, Required(json, "hidden_size"));
  RL_ASSIGN_OR_RETURN(config.intermediate_size, Required(json, "intermediate_size"));
  RL_ASSIGN_OR_RETURN(config.num_hidden_layers, Required(json, "num_hidden_layers"));
  RL_ASSIGN_OR_RETURN(config.num_attention_heads, Required(json, "num_attention_heads"));
  RL_ASSIGN_OR_RETURN(config.num_key_value_heads,
                      IntOr(json, "num_key_value_heads", config.num_attention_heads));
  RL_ASSIGN_OR_RETURN(config.vocab_size, Required(json, "vocab_size"));
  RL_ASSIGN_OR_RETURN(config.max_position_embeddings, Required(json, "max_position_embeddings"));
  if (config.num_attention_heads < 1) return Damaged("num_attention_heads", "at least 1");
  const int64_t even_share = config.hidden_size / config.num_attention_heads;
  RL_ASSIGN_OR_RETURN(config.head_dim,
                      IntOr(json, "head_dim", family.default_head_dim.value_or(even_share)));
  return OkStatus();
}

Result<RopeScaling> ReadScaling(const Json& rope, int64_t max_position_embeddings) {
  RL_ASSIGN_OR_RETURN(auto type, String(rope, "rope_type"));
  if (!type) {
    RL_ASSIGN_OR_RETURN(type, String(rope, "type"));  // the key's name before transformers 4.43
  }
  RopeScaling scaling;
  if (!type || *type == "default") return scaling;
  if (*type == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
  } else if (*type == "llama3") {
    scaling.kind = RopeScaling::Kind::kLlama3;
  } else {
    return Refused("rope_scaling", *type, "default, linear and llama3");
  }
  RL_ASSIGN_OR_RETURN(scaling.factor, NumberOr(rope, "factor", 0));
  if (scaling.kind == RopeScaling::Kind::kLinear) return scaling;
  RL_ASSIGN_OR_RETURN(scaling.low_freq_factor, NumberOr(rope, "low_freq_factor", 0));
  RL_ASSIGN_OR_RETURN(scaling.high_freq_factor, NumberOr(rope, "high_freq_factor", 0));
  RL_ASSIGN_OR_RETURN(scaling.original_max_position_embeddings,
                      IntOr(rope, "original_max_position_embeddings", max_position_embeddings));
  return scaling;
}

// transformers 5 moved rope_theta and rope_scaling into rope_parameters.
Status ReadRope(const Json& json, ModelConfig& config) {
  RL_ASSIGN_OR_RETURN(config.rope_theta, NumberOr(json, "rope_theta", 10000));
  const Json* rope = Get(json, "rope_parameters");
  if (rope == nullptr) rope = Get(json, "rope_scaling");
  if (rope == nullptr) return OkStatus();
  if (!rope->is_object()) return Damaged("rope_scaling", "an object");
  RL_ASSIGN_OR_RETURN(config.rope_theta, NumberOr(*rope, "rope_theta", config.rope_theta));
  RL_ASSIGN_OR_RETURN(config.rope_scaling, ReadScaling(*rope, config.max_position_embeddings));
  return OkStatus();
}

Result<TokenId> TokenIdFrom(const Json& value, std::string_view key) {
  if (!value.is_number_unsigned() ||
      value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<TokenId>::max()))
    return Damaged(key, "a token id");
  return value.get<TokenId>();
}

Result<std::vector<TokenId>> TokenIds(const Json& object, std::string_view key) {
  std::vector<TokenId> ids;
  const Json* value = Get(object, key);
  if (value == nullptr) return ids;
  const Json list = value->is_array() ? *value : Json::array({*value});
  for (const Json& item : list) {
    RL_ASSIGN_OR_RETURN(const TokenId id, TokenIdFrom(item, key));
    ids.push_back(id);
  }
  return ids;
}

Status ReadSpecialTokens(const Json& json, const Json& generation, ModelConfig& config) {
  const Json& eos_source = Get(generation, "eos_token_id") != nullptr ? generation : json;
  RL_ASSIGN_OR_RETURN(config.eos_token_ids, TokenIds(eos_source, "eos_token_id"));
  const Json& bos_source = Get(generation, "bos_token_id") != nullptr ? generation : json;
  RL_ASSIGN_OR_RETURN(const auto bos, TokenIds(bos_source, "bos_token_id"));
  if (!bos.empty()) config.bos_token_id = bos.front();
  return OkStatus();
}

Result<Json> ParseObject(std::string_view text, std::string_view file_name) {
  RL_ASSIGN_OR_RETURN(Json json, ParseFileJson(text, file_name));
  if (!json.is_object()) return DataLoss(std::string(file_name) + " is not a JSON object");
  return json;
}

// A token as text, or as an object with its text in "content".
std::string TokenText(const Json& json, std::string_view key) {
  const Json* value = Get(json, key);
  if (value == nullptr) return {};
  if (value->is_object()) value = Get(*value, "content");
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

Result<std::string> DefaultTemplate(const Json& json) {
  const Json* value = Get(json, "chat_template");
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) return DataLoss("tokenizer_config.json: chat_template is damaged");
  for (const Json& entry : *value) {
    if (!entry.is_object() || TokenText(entry, "name") != "default") continue;
    return TokenText(entry, "template");
  }
  return std::string();
}

}  // namespace

Result<ModelConfig> ConfigFromHf(std::string_view config_json,
                                 std::string_view generation_config_json) {
  RL_ASSIGN_OR_RETURN(const Json json, ParseObject(config_json, "config.json"));
  Json generation = Json::object();
  if (!generation_config_json.empty()) {
    RL_ASSIGN_OR_RETURN(generation, ParseObject(generation_config_json, "generation_config.json"));
  }
  RL_ASSIGN_OR_RETURN(const Family family, FindFamily(json));
  RL_RETURN_IF_ERROR(RefuseUnsupported(json));
  RL_RETURN_IF_ERROR(RefuseWindows(json, family));
  ModelConfig config;
  config.architecture = "llama";
  config.model_type = family.model_type;
  config.attention_bias = family.attention_bias;
  config.qk_norm = family.qk_norm;
  config.rope_layout = RopeLayout::kHalfSplit;
  RL_RETURN_IF_ERROR(ReadSizes(json, family, config));
  RL_ASSIGN_OR_RETURN(config.rms_norm_eps, NumberOr(json, "rms_norm_eps", 1e-6));
  RL_ASSIGN_OR_RETURN(config.tie_word_embeddings, BoolOr(json, "tie_word_embeddings", false));
  RL_RETURN_IF_ERROR(ReadRope(json, config));
  RL_RETURN_IF_ERROR(ReadSpecialTokens(json, generation, config));
  RL_RETURN_IF_ERROR(CheckConfig(config).WithContext("config.json"));
  return config;
}

Result<HfTemplates> TemplatesFromHf(std::string_view tokenizer_config_json) {
  RL_ASSIGN_OR_RETURN(const Json json, ParseObject(tokenizer_config_json, "tokenizer_config.json"));
  HfTemplates templates;
  RL_ASSIGN_OR_RETURN(templates.chat_template, DefaultTemplate(json));
  templates.bos_token = TokenText(json, "bos_token");
  templates.eos_token = TokenText(json, "eos_token");
  return templates;
}

}  // namespace redline::engine
