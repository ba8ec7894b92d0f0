#include "planner/model/model_shape_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "net/json_body.h"
#include "planner/model/config_fields.h"
#include "planner/model/model_families.h"
#include "planner/model/quantization_config.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

using nlohmann::json;

constexpr int64_t kMostVocabulary = 1 << 24;
constexpr int64_t kMostPositions = 1 << 28;

constexpr net::JsonLimits kConfigLimits = {
    .max_bytes = 4 << 20, .max_depth = 32, .max_values = 200'000};

const json& TextConfig(const json& config) {
  const auto found = config.find("text_config");
  return found != config.end() && found->is_object() ? *found : config;
}

bool HasEncoders(const json& config) {
  for (const char* key : {"vision_config", "audio_config"})
    if (config.contains(key)) return true;
  return false;
}

Result<const ModelFamily*> FamilyOf(const json& text) {
  const auto found = text.find("model_type");
  if (found == text.end() || !found->is_string())
    return InvalidArgument(
        "config.json has no \"model_type\"; take the file as its publisher wrote it", "model_type");
  const std::string model_type = found->get<std::string>();
  if (const ModelFamily* family = FindModelFamily(model_type)) return family;
  std::vector<std::string> known;
  for (const ModelFamily& family : ModelFamilies()) known.emplace_back(family.model_type);
  return Unimplemented(
      fmt::format("the planner does not know the model_type \"{}\"{}; it knows {}",
                  Excerpt(model_type), DidYouMean(model_type, known), Join(known, ", ")),
      "model_type");
}

ModuleSet UnquantizedOf(const Quantization& quantization, std::string_view path, int64_t layer) {
  ModuleSet modules = quantization.unquantized.MatchLayer(fmt::format("{}.{}", path, layer));
  modules.Add(quantization.never);
  return modules;
}

void MarkUnquantized(const Quantization& quantization, LayerPlan& plan) {
  if (!quantization.format.IsQuantized()) return;
  constexpr std::string_view kLayers = "model.layers";
  int64_t layer = 0;
  for (LayerGroup& each : plan.layers)
    each.unquantized = UnquantizedOf(quantization, kLayers, layer++);
  plan.prediction.layer.unquantized = plan.prediction_path.empty()
                                          ? UnquantizedOf(quantization, kLayers, layer)
                                          : UnquantizedOf(quantization, plan.prediction_path, 0);
}

void ReadCommon(ConfigFields& fields, const json& config, ModelShape& shape, LayerPlan& plan) {
  shape.hidden_size = plan.hidden_size = fields.Need("hidden_size", kMostHidden);
  shape.vocab_size = fields.Need("vocab_size", kMostVocabulary);
  shape.max_positions = fields.Need("max_position_embeddings", kMostPositions);
  plan.num_layers = fields.Need("num_hidden_layers", kMostLayers);
  ConfigFields outer(config, "", shape.architecture);
  const bool outer_tied = outer.TakeFlag("tie_word_embeddings", false);
  fields.Keep(outer.status());
  shape.has_tied_embeddings = fields.TakeFlag("tie_word_embeddings", outer_tied);
}

}  // namespace

void GatherLayers(std::vector<LayerGroup> layers, ModelShape& shape) {
  for (LayerGroup& layer : layers) {
    auto group = std::find_if(shape.groups.begin(), shape.groups.end(),
                              [&layer](const LayerGroup& each) { return each.IsLike(layer); });
    if (group == shape.groups.end()) {
      layer.num_layers = 0;
      group = shape.groups.insert(group, std::move(layer));
    }
    ++group->num_layers;
    shape.group_of_layer.push_back(static_cast<uint16_t>(group - shape.groups.begin()));
  }
}

bool LayerGroup::IsLike(const LayerGroup& other) const {
  return attention == other.attention && ffn == other.ffn && unquantized == other.unquantized &&
         stored == other.stored;
}

Result<ModelShape> ModelShapeFromConfig(const json& config, const json& hf_quant_config) {
  if (!config.is_object()) return InvalidArgument("config.json must be a JSON object");
  const json& text = TextConfig(config);
  RL_ASSIGN_OR_RETURN(const ModelFamily* family, FamilyOf(text));
  ModelShape shape{.architecture = std::string(family->model_type),
                   .has_encoders = HasEncoders(config)};
  ConfigFields fields(text, &text == &config ? "" : "text_config.", shape.architecture);
  LayerPlan plan;
  ReadCommon(fields, config, shape, plan);
  RL_RETURN_IF_ERROR(fields.status());
  family->read_layers(fields, plan);
  RL_RETURN_IF_ERROR(fields.status());
  RL_ASSIGN_OR_RETURN(const Quantization quantization,
                      ReadQuantization(config, text, hf_quant_config));
  shape.format = quantization.format;
  MarkUnquantized(quantization, plan);
  shape.prediction = std::move(plan.prediction);
  GatherLayers(std::move(plan.layers), shape);
  RL_RETURN_IF_ERROR(CheckSize(shape));
  return shape;
}

Result<ModelShape> ModelShapeFromConfig(const json& config) {
  return ModelShapeFromConfig(config, json());
}

Result<ModelShape> ModelShapeFromText(std::string_view config_json) {
  RL_ASSIGN_OR_RETURN(const json config, net::ParseJsonObject(config_json, kConfigLimits));
  return ModelShapeFromConfig(config);
}

}  // namespace redline::planner
