#include "backends/vllm/model_dtype.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "backends/vllm/model_facts.h"
#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

// _FLOAT16_NOT_SUPPORTED_MODELS.
constexpr std::array<std::string_view, 5> kUnstableInHalf = {"gemma2", "gemma3", "gemma3_text",
                                                             "plamo2", "glm4"};

// "torch.half" -> "float16"; "" for what is no name of a dtype.
std::string DtypeNamed(std::string_view name) {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  if (name == "half" || name == "float16") return "float16";
  if (name == "float" || name == "float32") return "float32";
  return name == "bfloat16" ? "bfloat16" : "";
}

// Without one, vLLM looks into the weights; without those it takes float32.
std::string ConfiguredDtype(const json& hf_config) {
  for (const json& config :
       {hf_config, TextConfig(hf_config), hf_config.value("vision_config", json::object())})
    for (const char* key : {"dtype", "torch_dtype"})
      if (const std::string name = DtypeNamed(ConfigText(config, key)); !name.empty()) return name;
  return "float32";
}

// platforms/cuda.py: supported_dtypes, best first.
std::vector<std::string> DtypesOf(int compute_capability, bool is_unstable_in_half) {
  std::vector<std::string> dtypes;
  if (compute_capability >= 80) dtypes.emplace_back("bfloat16");
  if (compute_capability >= 60 && !is_unstable_in_half) dtypes.emplace_back("float16");
  dtypes.emplace_back("float32");
  return dtypes;
}

// _resolve_auto_dtype.
ModelDtype AutoDtype(const std::string& configured, const std::vector<std::string>& supported,
                     bool is_pooling) {
  const auto has = [&](std::string_view name) {
    return std::find(supported.begin(), supported.end(), name) != supported.end();
  };
  const std::string preferred = is_pooling && has("float16") ? "float16" : supported[0];
  const std::string wanted = configured == "float32" ? preferred : configured;
  if (has(wanted)) return {wanted, ""};
  return {preferred,
          fmt::format("the GPU does not support {}; vLLM falls back to {}", wanted, preferred)};
}

}  // namespace

Result<ModelDtype> ResolveDtype(const json& hf_config, std::string_view asked,
                                int compute_capability, bool is_pooling) {
  const std::string model_type = ConfigText(hf_config, "model_type");
  const bool is_unstable = Contains(kUnstableInHalf, model_type);
  const std::string configured = ConfiguredDtype(hf_config);
  if (asked == "auto")
    return AutoDtype(configured, DtypesOf(compute_capability, is_unstable), is_pooling);
  ModelDtype result{DtypeNamed(ToLower(asked)), ""};
  if (result.dtype.empty())
    return InvalidArgument(fmt::format("no dtype named \"{}\"", Excerpt(asked)), "dtype");
  if (is_unstable && result.dtype == "float16")
    return InvalidArgument(fmt::format("models of type {} are not stable in float16; use bfloat16 "
                                       "or float32",
                                       model_type),
                           "dtype");
  const bool is_plain =
      result.dtype == configured || result.dtype == "float32" || configured == "float32";
  if (!is_plain)
    result.warning = fmt::format("the weights are cast from {} to {}", configured, result.dtype);
  return result;
}

}  // namespace redline::backends::vllm
