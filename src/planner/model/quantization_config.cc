#include "planner/model/quantization_config.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/strings.h"
#include "planner/model/config_fields.h"

namespace redline::planner {
namespace {

using nlohmann::json;
using Kind = NumberFormat::Kind;

constexpr int64_t kLargestBlock = 1 << 16;
constexpr size_t kMostPatterns = 100'000;

Status UnknownQuantization(const char* key, const std::string& value, std::string_view known) {
  return Unimplemented(fmt::format("quantization_config's {} \"{}\" is not known; known are {}",
                                   key, Excerpt(value), known),
                       "quantization_config");
}

// torch_dtype, in newer files dtype. Some leave it out: their weights are in bf16.
Result<NumberFormat> BaseFormat(const json& config, const json& text) {
  std::string name = "bfloat16";
  for (const json* object : {&config, &text}) {
    for (const char* key : {"torch_dtype", "dtype"}) {
      const auto found = object->find(key);
      if (found != object->end() && found->is_string()) name = found->get<std::string>();
    }
  }
  if (name == "bfloat16" || name == "float16") return NumberFormat{.kind = Kind::kFloat16};
  if (name == "float32") return NumberFormat{.kind = Kind::kFloat32};
  return InvalidArgument(fmt::format("\"torch_dtype\" of config.json must be bfloat16, float16 or "
                                     "float32, not \"{}\"",
                                     Excerpt(name)),
                         "torch_dtype");
}

Status AddPatterns(ConfigFields& fields, const char* key, ModulePatterns& patterns) {
  for (const std::string& pattern : fields.TakeWords(key, kMostPatterns))
    RL_RETURN_IF_ERROR(patterns.Add(pattern));
  return fields.status();
}

// "fp8": DeepSeek's, Qwen's, GLM's; blocks unless the scale is for the whole matrix.
Status ReadFp8(ConfigFields& fields, Quantization& quantization) {
  const std::vector<int64_t> block = fields.TakeNumbers("weight_block_size", 2);
  const auto is_size = [](int64_t size) { return size >= 1 && size <= kLargestBlock; };
  if (!block.empty() && (block.size() != 2 || !is_size(block[0]) || !is_size(block[1])))
    fields.Refuse("weight_block_size", "must be two sizes such as [128, 128]");
  RL_RETURN_IF_ERROR(fields.status());
  quantization.format.quantized = block.empty() ? NumberFormat{.kind = Kind::kFp8Tensor}
                                                : NumberFormat{.kind = Kind::kFp8Block,
                                                               .block_rows = block[0],
                                                               .block_columns = block[1]};
  RL_RETURN_IF_ERROR(AddPatterns(fields, "ignored_layers", quantization.unquantized));
  return AddPatterns(fields, "modules_to_not_convert", quantization.unquantized);
}

// gpt-oss: experts alone are in 4 bits.
Status ReadMxFp4(ConfigFields& fields, Quantization& quantization) {
  quantization.format.quantized = {.kind = Kind::kMxFp4, .block_columns = 32};
  quantization.never = ModuleSet::AllBut(Module::kExperts);
  return AddPatterns(fields, "modules_to_not_convert", quantization.unquantized);
}

// The first group's weights; several groups are several formats in one checkpoint.
Result<json> GroupWeights(const json& object) {
  const auto groups = object.find("config_groups");
  if (groups == object.end() || !groups->is_object() || groups->size() != 1)
    return UnknownQuantization("config_groups",
                               groups == object.end() ? "" : std::to_string(groups->size()),
                               "those with one group");
  const json& group = groups->begin().value();
  const auto weights = group.is_object() ? group.find("weights") : group.end();
  if (!group.is_object() || weights == group.end() || !weights->is_object())
    return InvalidArgument("quantization_config's group has no \"weights\"", "quantization_config");
  return *weights;
}

Status ReadCompressedTensors(const json& object, ConfigFields& fields, Quantization& quantization) {
  RL_ASSIGN_OR_RETURN(const json weights, GroupWeights(object));
  ConfigFields group(weights, "quantization_config.weights.", "compressed-tensors");
  const int64_t bits = group.Need("num_bits", 64);
  const std::string type = group.TakeWord("type", "int");
  const std::string strategy = group.TakeWord("strategy", "tensor");
  const int64_t size = group.Take("group_size", 1, kLargestBlock, 1);
  RL_RETURN_IF_ERROR(group.status());
  NumberFormat& format = quantization.format.quantized;
  const std::string name = fmt::format("{}{} by {}", type, bits, strategy);
  if (name == "int4 by group") {
    format = {.kind = Kind::kInt4Group, .block_columns = size};
  } else if (name == "int8 by channel") {
    format.kind = Kind::kInt8Channel;
  } else if (name == "float8 by channel") {
    format.kind = Kind::kFp8Channel;
  } else if (name == "float8 by tensor") {
    format.kind = Kind::kFp8Tensor;
  } else {
    return UnknownQuantization("weights", name,
                               "int4 by group, int8 by channel, float8 by channel, float8 by "
                               "tensor");
  }
  return AddPatterns(fields, "ignore", quantization.unquantized);
}

Status ReadModelOpt(ConfigFields& fields, Quantization& quantization) {
  const std::string algorithm = fields.TakeWord("quant_algo", "");
  const int64_t size = fields.Take("group_size", 16, kLargestBlock, 1);
  RL_RETURN_IF_ERROR(fields.status());
  if (algorithm == "FP8") {
    quantization.format.quantized = {.kind = Kind::kFp8Tensor};
  } else if (algorithm == "NVFP4") {
    quantization.format.quantized = {.kind = Kind::kNvFp4, .block_columns = size};
  } else {
    return UnknownQuantization("quant_algo", algorithm, "FP8 and NVFP4");
  }
  RL_RETURN_IF_ERROR(AddPatterns(fields, "ignore", quantization.unquantized));
  return AddPatterns(fields, "exclude_modules", quantization.unquantized);
}

const json* FindObject(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_object() ? &*found : nullptr;
}

// Where there are several, the file that the tool wrote last says most.
const json* QuantizationObject(const json& config, const json& text, const json& hf_quant_config) {
  if (const json* object = FindObject(hf_quant_config, "quantization")) return object;
  if (const json* object = FindObject(config, "quantization_config")) return object;
  return FindObject(text, "quantization_config");
}

}  // namespace

Result<Quantization> ReadQuantization(const json& config, const json& text,
                                      const json& hf_quant_config) {
  Quantization quantization;
  RL_ASSIGN_OR_RETURN(quantization.format.base, BaseFormat(config, text));
  quantization.format.quantized = quantization.format.base;
  const json* object = QuantizationObject(config, text, hf_quant_config);
  if (object == nullptr) return quantization;
  ConfigFields fields(*object, "quantization_config.", "quantised");
  const std::string fallback = fields.Has("quant_algo") ? "modelopt" : "";
  const std::string method = ToLower(fields.TakeWord("quant_method", fallback));
  RL_RETURN_IF_ERROR(fields.status());
  Status status;
  if (method == "fp8") {
    status = ReadFp8(fields, quantization);
  } else if (method == "mxfp4") {
    status = ReadMxFp4(fields, quantization);
  } else if (method == "compressed-tensors") {
    status = ReadCompressedTensors(*object, fields, quantization);
  } else if (method == "modelopt") {
    status = ReadModelOpt(fields, quantization);
  } else {
    status =
        UnknownQuantization("quant_method", method, "fp8, mxfp4, compressed-tensors, modelopt");
  }
  RL_RETURN_IF_ERROR(status);
  return quantization;
}

}  // namespace redline::planner
