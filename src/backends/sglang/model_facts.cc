#include "backends/sglang/model_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "backends/sglang/server_args.h"
#include "base/strings.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;
using Names = std::span<const std::string_view>;

constexpr std::string_view kSparseAttention[] = {
    "DeepseekV3ForCausalLM", "DeepseekV32ForCausalLM", "DeepseekV3ForCausalLMNextN",
    "MistralLarge3ForCausalLM", "PixtralForConditionalGeneration"};

constexpr std::string_view kLatentAttention[] = {"DeepseekV2ForCausalLM",
                                                 "DeepseekV32ForCausalLM",
                                                 "DeepseekV3ForCausalLM",
                                                 "DeepseekV3ForCausalLMNextN",
                                                 "LongcatFlashForCausalLM",
                                                 "LongcatFlashForCausalLMNextN",
                                                 "DotsVLMForCausalLM",
                                                 "MistralLarge3ForCausalLM",
                                                 "PixtralForConditionalGeneration",
                                                 "MistralLarge3ForCausalLMEagle",
                                                 "MiniCPM3ForCausalLM",
                                                 "KimiVLForConditionalGeneration",
                                                 "KimiLinearForCausalLM"};

constexpr std::string_view kMultimodal[] = {"CLIPModel",
                                            "DeepseekVL2ForCausalLM",
                                            "Gemma3ForConditionalGeneration",
                                            "Gemma3nForConditionalGeneration",
                                            "Glm4vForConditionalGeneration",
                                            "Glm4vMoeForConditionalGeneration",
                                            "Grok1VForCausalLM",
                                            "Grok1AForCausalLM",
                                            "LlavaLlamaForCausalLM",
                                            "Llama4ForConditionalGeneration",
                                            "LlavaMistralForCausalLM",
                                            "LlavaQwenForCausalLM",
                                            "LlavaForConditionalGeneration",
                                            "LlavaVidForCausalLM",
                                            "MiniCPMO",
                                            "MiniCPMV",
                                            "Mistral3ForConditionalGeneration",
                                            "MultiModalityCausalLM",
                                            "MllamaForConditionalGeneration",
                                            "NemotronH_Nano_VL_V2",
                                            "PixtralForConditionalGeneration",
                                            "Qwen2AudioForConditionalGeneration",
                                            "Qwen2VLForConditionalGeneration",
                                            "Qwen2_5_VLForConditionalGeneration",
                                            "Qwen3VLForConditionalGeneration",
                                            "Qwen3VLMoeForConditionalGeneration",
                                            "Qwen3OmniMoeForConditionalGeneration",
                                            "KimiVLForConditionalGeneration",
                                            "InternVLChatModel",
                                            "InternS1ForConditionalGeneration",
                                            "Phi4MMForCausalLM",
                                            "Step3VLForConditionalGeneration",
                                            "POINTSV15ChatModel",
                                            "DotsVLMForCausalLM",
                                            "DotsOCRForCausalLM",
                                            "Sarashina2VisionForCausalLM",
                                            "NVILAForConditionalGeneration",
                                            "NVILALiteForConditionalGeneration",
                                            "DeepseekOCRForCausalLM",
                                            "JetVLMForConditionalGeneration",
                                            "PaddleOCRVLForConditionalGeneration"};

// Multimodal only when --enable-multimodal asks for it.
constexpr std::string_view kMultimodalOnRequest[] = {"Gemma3ForConditionalGeneration",
                                                     "Llama4ForConditionalGeneration",
                                                     "Step3VLForConditionalGeneration"};

constexpr std::string_view kKnownQuantizations[] = {"fp8",          "blockwise_int8",
                                                    "modelopt",     "modelopt_fp8",
                                                    "modelopt_fp4", "w8a8_int8",
                                                    "w8a8_fp8",     "awq",
                                                    "awq_marlin",   "gguf",
                                                    "gptq",         "gptq_marlin",
                                                    "moe_wna16",    "compressed-tensors",
                                                    "qoq",          "w4afp8",
                                                    "petit_nvfp4",  "fbgemm_fp8",
                                                    "quark",        "auto-round",
                                                    "mxfp4"};

constexpr std::string_view kOptimizedQuantizations[] = {
    "fp8",          "marlin",      "modelopt_fp8", "modelopt_fp4",       "gptq_marlin_24",
    "gptq_marlin",  "awq_marlin",  "fbgemm_fp8",   "compressed_tensors", "compressed-tensors",
    "experts_int8", "w8a8_int8",   "w8a8_fp8",     "moe_wna16",          "qoq",
    "w4afp8",       "petit_nvfp4", "quark"};

// --quantization FIRST is good for a checkpoint of SECOND.
constexpr std::pair<std::string_view, std::string_view> kCompatible[] = {
    {"modelopt_fp8", "modelopt"},        {"modelopt_fp4", "modelopt"},
    {"petit_nvfp4", "modelopt"},         {"w8a8_int8", "compressed-tensors"},
    {"w8a8_int8", "compressed_tensors"}, {"w8a8_fp8", "compressed-tensors"},
    {"w8a8_fp8", "compressed_tensors"}};

// Where configurations keep the context length, the first found counts.
constexpr std::string_view kContextKeys[] = {"max_sequence_length", "seq_length", "max_seq_len",
                                             "model_max_length", "max_position_embeddings"};
constexpr int64_t kDefaultContextLength = 2048;

bool Contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const json& MemberOf(const json& object, std::string_view key) {
  static const json null;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : null;
}

std::string TextOf(const json& object, std::string_view key) {
  const json& value = MemberOf(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// hf_transformers_utils.py: get_context_length.
int64_t DerivedContextLength(const HfConfig& config) {
  const json& scaling = MemberOf(config.text(), "rope_scaling");
  double factor = 1;
  const bool counts = !MemberOf(scaling, "factor").is_null() &&
                      MemberOf(scaling, "original_max_position_embeddings").is_null() &&
                      TextOf(scaling, "rope_type") != "llama3";
  if (counts && MemberOf(scaling, "factor").is_number())
    factor = MemberOf(scaling, "factor").get<double>();
  for (const std::string_view key : kContextKeys) {
    const json& value = MemberOf(config.text(), key);
    if (value.is_number()) return static_cast<int64_t>(factor * value.get<double>());
  }
  return kDefaultContextLength;
}

// model_config.py: _derive_context_length.
Status SetContextLength(const ServerArgs& args, ModelFacts& facts) {
  facts.context_length = DerivedContextLength(facts.config);
  if (args.IsNull("context_length")) return OkStatus();
  const int64_t asked = args.Int("context_length");
  if (asked > facts.context_length) {
    const bool allowed = args.EnvFlag("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN") ||
                         args.LooseEnvFlag("SGLANG_IS_IN_CI");
    if (!allowed)
      return InvalidArgument(
          fmt::format("--context-length {} is more than the model's {}; give {} or less, or set "
                      "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1",
                      asked, facts.context_length, facts.context_length),
          "context_length");
    facts.warnings.push_back(fmt::format(
        "Warning: User-specified context_length ({}) is greater than the derived context_length "
        "({}). This may lead to incorrect model outputs or CUDA errors. Note that the derived "
        "context_length may differ from max_position_embeddings in the model's config.",
        asked, facts.context_length));
  }
  facts.context_length = asked;
  return OkStatus();
}

bool UsesLatentAttention(const HfConfig& config) {
  if (config.architecture() == "DeepseekVL2ForCausalLM")
    return MemberOf(config.text(), "use_mla") != json(false);
  return Contains(kLatentAttention, config.architecture());
}

bool IsMultimodal(const HfConfig& config, const ServerArgs& args) {
  const bool enabled = args.IsNull("enable_multimodal")
                           ? !Contains(kMultimodalOnRequest, config.architecture())
                           : args.Flag("enable_multimodal");
  return enabled && Contains(kMultimodal, config.architecture());
}

// The method that takes over a checkpoint: the override_quantization_method of each of
// layers/quantization. "": none.
std::string TakenOver(const json& checkpoint, const std::string& method, const std::string& asked) {
  if (method == "modelopt_fp8" || method == "modelopt_fp4") return method;
  const std::string algorithm = TextOf(checkpoint, "quant_algo");
  if (asked == "modelopt" && algorithm.find("FP8") != std::string::npos) return "modelopt_fp8";
  if (asked == "modelopt" && algorithm.find("FP4") != std::string::npos) return "modelopt_fp4";
  if (method != "gptq" && method != "awq") return "";
  const std::string marlin = method + "_marlin";
  if (asked.empty() || asked == "marlin" || asked == marlin) return marlin;
  return asked == "moe_wna16" ? asked : "";
}

Status Mismatch(const std::string& method, const std::string& asked) {
  return InvalidArgument(
      fmt::format("--quantization {} does not match the checkpoint, which is {}; leave it out",
                  asked, method),
      "quantization");
}

// model_config.py: _verify_quantization.
Status SetQuantization(const ServerArgs& args, ModelFacts& facts) {
  facts.quantization = ToLower(args.Text("quantization"));
  const json& checkpoint = facts.config.Get("quantization_config").is_null()
                               ? facts.config.Get("compression_config")
                               : facts.config.Get("quantization_config");
  if (checkpoint.is_object()) {
    std::string method = ToLower(TextOf(checkpoint, "quant_method"));
    if (method.empty()) method = facts.quantization;
    const std::string taken_over = TakenOver(checkpoint, method, facts.quantization);
    if (!taken_over.empty()) method = facts.quantization = taken_over;
    const std::pair<std::string_view, std::string_view> pair(facts.quantization, method);
    const bool compatible =
        std::find(std::begin(kCompatible), std::end(kCompatible), pair) != std::end(kCompatible);
    if (facts.quantization.empty()) facts.quantization = method;
    if (facts.quantization != method && !compatible) return Mismatch(method, facts.quantization);
  }
  if (facts.quantization.empty()) return OkStatus();
  if (!Contains(kKnownQuantizations, facts.quantization))
    return InvalidArgument(fmt::format("--quantization {} cannot be loaded on a CUDA device",
                                       Excerpt(facts.quantization)),
                           "quantization");
  if (!Contains(kOptimizedQuantizations, facts.quantization))
    facts.warnings.push_back(fmt::format(
        "{} quantization is not fully optimized yet. The speed can be slower than non-quantized "
        "models.",
        facts.quantization));
  return OkStatus();
}

// model_config.py: _get_and_verify_dtype, as far as it warns.
void WarnOfCast(const ServerArgs& args, ModelFacts& facts) {
  std::string own = TextOf(facts.config.text(), "dtype");
  if (own.empty()) own = TextOf(facts.config.text(), "torch_dtype");
  std::string asked = ToLower(args.Text("dtype"));
  if (asked == "half") asked = "float16";
  if (asked == "float") asked = "float32";
  const bool is_cast =
      asked != "auto" && asked != own && asked != "float32" && !own.empty() && own != "float32";
  if (is_cast) facts.warnings.push_back(fmt::format("Casting torch.{} to torch.{}.", own, asked));
}

}  // namespace

Result<HfConfig> HfConfig::Make(nlohmann::json config, const nlohmann::json& overrides) {
  // _load_deepseek_v32_model
  if (MemberOf(config, "model_type") == "deepseek_v32")
    config["architectures"] = nlohmann::json::array({"DeepseekV3ForCausalLM"});
  if (config.is_object()) config.update(overrides);
  const nlohmann::json& architectures = MemberOf(config, "architectures");
  if (!architectures.is_array() || architectures.empty() || !architectures[0].is_string())
    return InvalidArgument(
        "the model's config.json is needed and must name its architecture; give --model a name "
        "that the catalogue knows or a config.json",
        "model_path");
  HfConfig result;
  result.architecture_ = architectures[0].get<std::string>();
  result.config_ = std::move(config);
  return result;
}

// hf_transformers_utils.py: get_hf_text_config.
const nlohmann::json& HfConfig::text() const {
  if (architecture_.starts_with("Llava") && architecture_.ends_with("ForCausalLM")) return config_;
  for (const std::string_view key : {"text_config", "llm_config", "language_config"})
    if (Get(key).is_object()) return Get(key);
  const nlohmann::json& thinker = Get("thinker_config");
  if (!thinker.is_object()) return config_;
  const nlohmann::json& text = MemberOf(thinker, "text_config");
  return text.is_object() ? text : thinker;
}

const nlohmann::json& HfConfig::Get(std::string_view key) const { return MemberOf(config_, key); }

std::string HfConfig::QuantMethod() const {
  return TextOf(Get("quantization_config"), "quant_method");
}

bool HfConfig::IsSparseAttention() const {
  return Contains(kSparseAttention, architecture_) && !Get("index_topk").is_null();
}

Result<ModelFacts> MakeModelFacts(const HfConfig& config, const ServerArgs& args) {
  if (args.Flag("quantize_and_serve"))
    return InvalidArgument("--quantize-and-serve is switched off in this version; leave it out",
                           "quantize_and_serve");
  ModelFacts facts{.config = config, .warnings = {}};
  facts.is_multimodal = IsMultimodal(config, args);
  WarnOfCast(args, facts);
  RL_RETURN_IF_ERROR(SetContextLength(args, facts));
  facts.uses_mla = UsesLatentAttention(config);
  RL_RETURN_IF_ERROR(SetQuantization(args, facts));
  return facts;
}

}  // namespace redline::backends::sglang
