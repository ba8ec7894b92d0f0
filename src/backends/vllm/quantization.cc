#include "backends/vllm/quantization.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/vllm/model_facts.h"
#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

enum Dtypes { kHalf = 1, kBFloat16 = 2, kFloat32 = 4, kShort = kHalf | kBFloat16, kAll = 7 };

// model_executor/layers/quantization/*.py: get_min_capability and get_supported_act_dtypes.
struct MethodFacts {
  std::string_view name;
  int least_capability;
  int dtypes;
};
constexpr auto kMethods = std::to_array<MethodFacts>({
    {"auto-round", 60, kShort},    {"awq", 75, kHalf},           {"awq_marlin", 80, kShort},
    {"bitblas", 70, kShort},       {"bitsandbytes", 70, kAll},   {"compressed-tensors", 70, kAll},
    {"deepspeedfp", 60, kShort},   {"experts_int8", 80, kShort}, {"fbgemm_fp8", 80, kShort},
    {"fp8", 80, kShort},           {"fp_quant", 100, kBFloat16}, {"gguf", 60, kAll},
    {"gptq", 60, kHalf},           {"gptq_bitblas", 80, kShort}, {"gptq_marlin", 80, kShort},
    {"gptq_marlin_24", 80, kHalf}, {"hqq", 80, kShort},          {"modelopt", 89, kShort},
    {"modelopt_fp4", 80, kShort},  {"moe_wna16", 70, kShort},    {"mxfp4", 80, kBFloat16},
    {"petit_nvfp4", 90, kShort},   {"ptpc_fp8", 80, kShort},     {"quark", 70, kShort},
    {"rtn", 80, kShort},           {"torchao", 75, kAll},
});

// ModelConfig._parse_quant_hf_config.
Result<json> QuantConfigOf(const json& config) {
  const auto found = config.find("quantization_config");
  if (found == config.end() || !found->is_object()) {
    const auto compression = config.find("compression_config");
    return compression == config.end() ? json() : *compression;
  }
  json quant = *found;
  const json producer = quant.value("producer", json::object());
  if (ConfigText(producer, "name") != "modelopt") return quant;
  const std::string algorithm =
      ConfigText(quant.value("quantization", json::object()), "quant_algo");
  if (algorithm == "FP8") quant["quant_method"] = "modelopt";
  if (algorithm == "NVFP4") quant["quant_method"] = "modelopt_fp4";
  if (algorithm.empty() || algorithm == "FP8" || algorithm == "NVFP4") return quant;
  return InvalidArgument(fmt::format("config.json: ModelOpt algorithm \"{}\" is not known to vLLM",
                                     Excerpt(algorithm)),
                         "model");
}

struct Checkpoint {
  json quant;
  std::string method;
  std::string asked;  // "": nothing
  int capability = 0;
};

bool Asked(const Checkpoint& checkpoint, std::initializer_list<std::string_view> names) {
  if (checkpoint.asked.empty()) return true;
  return std::find(names.begin(), names.end(), checkpoint.asked) != names.end();
}

bool HasMarlinGroups(const Checkpoint& checkpoint) {
  constexpr std::array<int64_t, 4> kGroupSizes = {-1, 32, 64, 128};
  const int64_t size = ConfigInt(checkpoint.quant, "group_size", 0);
  return checkpoint.capability >= 80 &&
         std::find(kGroupSizes.begin(), kGroupSizes.end(), size) != kGroupSizes.end();
}

bool IsGptqMarlin(const Checkpoint& checkpoint) {
  const json& quant = checkpoint.quant;
  const int64_t bits = ConfigInt(quant, "bits");
  return checkpoint.method == "gptq" && (bits == 4 || bits == 8) &&
         quant.value("sym", json()) == true && !quant.value("desc_act", json()).is_null() &&
         HasMarlinGroups(checkpoint) && Asked(checkpoint, {"marlin", "gptq_marlin"});
}

bool IsAwqMarlin(const Checkpoint& checkpoint) {
  return checkpoint.method == "awq" && ConfigInt(checkpoint.quant, "bits") == 4 &&
         checkpoint.quant.value("zero_point", json()) == true && HasMarlinGroups(checkpoint) &&
         Asked(checkpoint, {"marlin", "awq_marlin"});
}

bool IsMoeWna16(const Checkpoint& checkpoint) {
  const int64_t bits = ConfigInt(checkpoint.quant, "bits");
  const bool gptq = checkpoint.method == "gptq" && (bits == 4 || bits == 8) &&
                    checkpoint.quant.value("desc_act", json()) != true;
  const bool awq = checkpoint.method == "awq" && bits == 4 && checkpoint.capability >= 75;
  return checkpoint.asked == "moe_wna16" && (gptq || awq);
}

// The algorithm that a ModelOpt checkpoint names, in either of its layouts.
std::string ModelOptAlgorithm(const Checkpoint& checkpoint) {
  if (checkpoint.method != "modelopt") return "";
  const auto nested = checkpoint.quant.find("quantization");
  return ConfigText(nested == checkpoint.quant.end() ? checkpoint.quant : *nested, "quant_algo");
}

// The first method that takes the checkpoint over, in ModelConfig's order of preference.
std::optional<std::string> OverrideOf(const Checkpoint& checkpoint) {
  const std::string format = ConfigText(checkpoint.quant, "checkpoint_format");
  if (format == "bitblas" && Asked(checkpoint, {"gptq", "bitblas"})) return "bitblas";
  if (format == "marlin_24" && Asked(checkpoint, {"gptq", "gptq_marlin_24"}))
    return "gptq_marlin_24";
  if (IsGptqMarlin(checkpoint)) return "gptq_marlin";
  if (IsAwqMarlin(checkpoint)) return "awq_marlin";
  if (IsMoeWna16(checkpoint)) return "moe_wna16";
  const std::string algorithm = ModelOptAlgorithm(checkpoint);
  if (algorithm.find("FP8") != std::string::npos) return "modelopt";
  if (algorithm.find("FP4") != std::string::npos) return "modelopt_fp4";
  return std::nullopt;
}

std::string NormalizedMethod(const json& quant) {
  const std::string method = ToLower(ConfigText(quant, "quant_method"));
  return method == "compressed_tensors" ? "compressed-tensors" : method;
}

// config/vllm.py: has_blocked_weights, of the two methods that can have them.
bool HasBlockedWeights(const std::string& method, const json& quant) {
  if (method == "fp8") return !quant.value("weight_block_size", json()).is_null();
  if (method != "compressed-tensors") return false;
  const json groups = quant.value("config_groups", json::object());
  return std::any_of(groups.begin(), groups.end(), [](const json& group) {
    const json weights = group.is_object() ? group.value("weights", json()) : json();
    return weights.is_object() && ConfigText(weights, "strategy") == "block";
  });
}

Status CheckKnown(const std::string& method) {
  if (Contains(kQuantizationMethods, method)) return OkStatus();
  return InvalidArgument(
      fmt::format("no quantization method named \"{}\"; known: {}{}", Excerpt(method),
                  Listed(kQuantizationMethods), Hint(method, kQuantizationMethods)),
      "quantization");
}

// model_executor/model_loader/weight_utils.py: get_quant_config. These need no description of the
// checkpoint: they quantize while loading, or read it from the weights.
Status CheckDescribed(const std::string& method, const json& quant) {
  constexpr std::array<std::string_view, 8> kInFlight = {
      "fp8", "mxfp4", "bitsandbytes", "experts_int8", "rtn", "inc", "gguf", "fp_quant"};
  if (quant.is_object() || Contains(kInFlight, method)) return OkStatus();
  return InvalidArgument(
      fmt::format("--quantization {}: config.json describes no quantization, so the checkpoint is "
                  "not of that kind; fp8 and bitsandbytes can quantize while loading",
                  method),
      "quantization");
}

}  // namespace

Result<Quantization> ResolveQuantization(const json& hf_config, std::optional<std::string> asked,
                                         int compute_capability) {
  RL_ASSIGN_OR_RETURN(json quant, QuantConfigOf(hf_config));
  if (quant.is_null()) {
    RL_ASSIGN_OR_RETURN(quant, QuantConfigOf(TextConfig(hf_config)));
  }
  if (quant.is_object()) {
    const Checkpoint checkpoint{quant, NormalizedMethod(quant), asked.value_or(""),
                                compute_capability};
    const auto override = OverrideOf(checkpoint);
    if (override) asked = override;
    const std::string own = override.value_or(checkpoint.method);
    if (!asked && !own.empty()) asked = own;
    if (asked && *asked != own)
      return InvalidArgument(
          fmt::format(
              "--quantization {} does not fit the checkpoint, which is quantized as \"{}\"; "
              "leave the flag out",
              Excerpt(*asked), own),
          "quantization");
  }
  if (!asked) return Quantization{};
  RL_RETURN_IF_ERROR(CheckKnown(*asked));
  RL_RETURN_IF_ERROR(CheckDescribed(*asked, quant));
  const bool is_blocked = quant.is_object() && HasBlockedWeights(*asked, quant);
  return Quantization{asked, is_blocked};
}

Status CheckQuantization(const std::string& method, int compute_capability,
                         const std::string& dtype) {
  const auto known = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const MethodFacts& each) { return each.name == method; });
  if (known == kMethods.end()) return OkStatus();
  if (compute_capability < known->least_capability)
    return InvalidArgument(
        fmt::format("quantization {} needs compute capability {}; the GPU has {}", method,
                    known->least_capability, compute_capability),
        "quantization");
  const int bit = dtype == "float16" ? kHalf : dtype == "bfloat16" ? kBFloat16 : kFloat32;
  if ((known->dtypes & bit) != 0) return OkStatus();
  return InvalidArgument(
      fmt::format("quantization {} cannot compute in {}; choose another --dtype", method, dtype),
      "dtype");
}

}  // namespace redline::backends::vllm
