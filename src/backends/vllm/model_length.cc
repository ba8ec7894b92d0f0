#include "backends/vllm/model_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "backends/vllm/model_facts.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 9> kLengthKeys = {"max_position_embeddings",
                                                    "n_positions",
                                                    "max_seq_len",
                                                    "seq_length",
                                                    "model_max_length",
                                                    "max_target_positions",
                                                    "max_sequence_length",
                                                    "max_seq_length",
                                                    "seq_len"};
// What vLLM takes when the config names no length.
constexpr int64_t kLengthWithoutKey = 2048;

struct Derived {
  std::string key;  // of config.json; "": none
  double length = std::numeric_limits<double>::infinity();
};

Derived SmallestLength(const json& text_config) {
  Derived derived;
  for (const char* key : kLengthKeys) {
    const auto found = text_config.find(key);
    if (found == text_config.end() || !found->is_number()) continue;
    if (found->get<double>() >= derived.length) continue;
    derived = {key, found->get<double>()};
  }
  if (const int64_t most = ConfigInt(text_config, "model_max_length"); most != 0)
    derived = {"model_max_length", static_cast<double>(most)};
  return derived;
}

std::string RopeType(const json& rope) {
  const std::string type = ConfigText(rope, "rope_type");
  return type.empty() ? ConfigText(rope, "type") : type;
}

// One set of parameters, or one for each kind of layer.
std::vector<json> RopeSets(const json& rope) {
  if (!rope.is_object()) return {};
  std::vector<json> sets;
  for (const auto& [key, value] : rope.items())
    if (value.is_object() && key.ends_with("_attention")) sets.push_back(value);
  return sets.empty() ? std::vector<json>{rope} : sets;
}

bool ScalesLength(const std::string& type) {
  return type != "su" && type != "longrope" && type != "llama3";
}

Status ScaleByRope(const json& text_config, Derived* derived) {
  if (ConfigText(text_config, "model_type").find("gemma3") != std::string::npos) return OkStatus();
  double factor = 1;
  for (const json& rope : RopeSets(RopeParameters(text_config))) {
    const std::string type = RopeType(rope);
    if (!ScalesLength(type)) continue;
    if (rope.contains("factor") && rope["factor"].is_number()) factor = rope["factor"];
    if (type != "yarn") continue;
    const int64_t original = ConfigInt(rope, "original_max_position_embeddings");
    if (original == 0)
      return InvalidArgument(
          "config.json: rope scaling \"yarn\" has no "
          "original_max_position_embeddings",
          "model");
    derived->length = static_cast<double>(original);
  }
  derived->length *= factor;
  return OkStatus();
}

int64_t DefaultLength(const json& text_config, const Derived& derived) {
  const json rope = RopeParameters(text_config);
  const auto length = static_cast<int64_t>(derived.length);
  for (const json& each : RopeSets(rope)) {
    const std::string type = RopeType(each);
    if (type == "longrope" || type == "su")
      return ConfigInt(text_config, "original_max_position_embeddings", length);
  }
  return length;
}

Result<ModelLength> CheckAsked(const json& text_config, const Derived& derived, int64_t asked,
                               bool allow_longer) {
  const int64_t own_limit = ConfigInt(text_config, "model_max_length");
  if (static_cast<double>(asked) <= derived.length || (own_limit != 0 && asked <= own_limit))
    return ModelLength{asked, ""};
  const std::string message =
      fmt::format("max_model_len is {}, but the model was made for {} ({} in its config.json)",
                  asked, static_cast<int64_t>(derived.length), derived.key);
  if (allow_longer)
    return ModelLength{asked, message + "; positions beyond that can give NaN or a CUDA error"};
  return InvalidArgument(message + "; VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 would allow it",
                         "max_model_len");
}

}  // namespace

// transformers_utils/config.py: patch_rope_parameters. rope_scaling is the older name.
json RopeParameters(const json& config) {
  json rope;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const auto found = config.find(key);
    if (rope.is_null() && found != config.end() && found->is_object()) rope = *found;
  }
  const int64_t original = ConfigInt(config, "original_max_position_embeddings");
  if (rope.is_object() && original != 0) rope["original_max_position_embeddings"] = original;
  return rope;
}

Result<ModelLength> ResolveModelLength(const json& text_config, std::optional<int64_t> asked,
                                       bool disable_sliding_window, bool allow_longer) {
  Derived derived = SmallestLength(text_config);
  const auto window = SlidingWindow(text_config);
  if (disable_sliding_window && window && static_cast<double>(*window) < derived.length)
    derived = {"sliding_window", static_cast<double>(*window)};
  if (derived.key.empty()) {
    if (asked) return ModelLength{*asked, ""};
    derived.length = kLengthWithoutKey;
  }
  RL_RETURN_IF_ERROR(ScaleByRope(text_config, &derived));
  if (asked) return CheckAsked(text_config, derived, *asked, allow_longer);
  return ModelLength{DefaultLength(text_config, derived), ""};
}

}  // namespace redline::backends::vllm
