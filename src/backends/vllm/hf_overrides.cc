#include "backends/vllm/hf_overrides.h"

#include <array>

#include "backends/vllm/model_length.h"
#include "backends/vllm/names.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

// Parts that are configurations themselves: an override changes single keys of them.
constexpr std::array<std::string_view, 4> kParts = {"text_config", "llm_config", "vision_config",
                                                    "audio_config"};

void PatchRope(json* config) {
  json rope = RopeParameters(*config);
  config->erase("rope_scaling");
  if (!rope.is_null()) (*config)["rope_parameters"] = std::move(rope);
}

void ApplyObject(const std::string& key, const json& value, json* config) {
  // Too late: rope_parameters is what counts from here on.
  if (key == "rope_scaling") return;
  json& target = (*config)[key];
  if (target.is_object() && Contains(kParts, key))
    target.update(value, /*merge_objects=*/true);
  else
    target = value;
}

}  // namespace

Result<json> OverrideHfConfig(json config, const json& overrides) {
  if (!overrides.is_object())
    return InvalidArgument("--hf-overrides must be a JSON object", "hf_overrides");
  for (const auto& [key, value] : overrides.items())
    if (!value.is_object()) config[key] = value;
  PatchRope(&config);
  for (const std::string_view part : kParts) {
    const auto found = config.find(std::string(part));
    if (found != config.end() && found->is_object()) PatchRope(&*found);
  }
  for (const auto& [key, value] : overrides.items())
    if (value.is_object()) ApplyObject(key, value, &config);
  return config;
}

}  // namespace redline::backends::vllm
