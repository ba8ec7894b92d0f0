#include "openai/special_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "net/json_body.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Fields = GenerationFields;

constexpr std::array<std::string_view, 2> kTemplateVariables = {"enable_thinking", "thinking"};
constexpr size_t kMaxVariableCharacters = 256;
constexpr std::array<std::string_view, 7> kEfforts = {"none", "minimal", "low", "medium",
                                                      "high", "xhigh",   "max"};

Status AddStop(const FieldValue& field, const Json& value, Fields& fields) {
  const size_t length = NumCharacters(value).value_or(0);
  if (length == 0 || length > kMaxStopCharacters) {
    return WrongValue(field.name, fmt::format("strings of 1 to {} characters", kMaxStopCharacters),
                      value);
  }
  fields.stop.push_back(value.get<std::string>());
  return OkStatus();
}

Status TooMany(const FieldValue& field, size_t limit) {
  return InvalidArgument(
      fmt::format("{} has {} entries; the limit is {}", field.name, field.value.size(), limit),
      std::string(field.name));
}

// Every integer that fits, spelt with a fraction of zero (1.0) or without: no double stands
// between, which would round the large ones.
std::optional<int64_t> AsInt64(const Json& value) {
  // Beyond 2^53 a float no longer says which integer it is; one too large for 64 bits comes as a
  // float.
  if (value.is_number_float()) return AsInteger(value, -0x1p53, 0x1p53);
  if (!value.is_number_integer()) return std::nullopt;
  const bool too_large = value.is_number_unsigned() &&
                         value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
  return too_large ? std::nullopt : std::optional(value.get<int64_t>());
}

// What the client set itself wins: an object's members are read in the order of their names, so
// chat_template_kwargs before reasoning_effort.
void SetDefaultVariable(std::string_view name, std::string json, Fields& fields) {
  auto& variables = fields.template_variables;
  const bool is_set = std::any_of(variables.begin(), variables.end(),
                                  [&](const auto& variable) { return variable.first == name; });
  if (!is_set) variables.emplace_back(name, std::move(json));
}

}  // namespace

Status ReadSeed(const FieldValue& field, Fields& fields) {
  fields.seed = AsInt64(field.value);
  if (fields.seed) return OkStatus();
  return WrongValue(field.name, "an integer from -2^63 to 2^63 - 1", field.value);
}

Json SeedSchema() {
  return {{"type", "integer"},
          {"minimum", std::numeric_limits<int64_t>::min()},
          {"maximum", std::numeric_limits<int64_t>::max()}};
}

Status ReadStop(const FieldValue& field, Fields& fields) {
  if (!field.value.is_array()) return AddStop(field, field.value, fields);
  if (field.value.size() > kMaxStops) return TooMany(field, kMaxStops);
  for (const Json& item : field.value) RL_RETURN_IF_ERROR(AddStop(field, item, fields));
  return OkStatus();
}

Json StopSchema() {
  const Json text = {{"type", "string"}, {"minLength", 1}, {"maxLength", kMaxStopCharacters}};
  return {{"anyOf", {text, {{"type", "array"}, {"maxItems", kMaxStops}, {"items", text}}}}};
}

Status ReadStopTokenIds(const FieldValue& field, Fields& fields) {
  if (!field.value.is_array()) return WrongValue(field.name, "a list of token ids", field.value);
  if (field.value.size() > kMaxStopTokenIds) return TooMany(field, kMaxStopTokenIds);
  for (const Json& item : field.value) {
    const auto id = AsTokenId(item);
    if (!id) return WrongValue(field.name, "a list of token ids from 0 to 2^31 - 1", item);
    fields.stop_token_ids.push_back(*id);
  }
  return OkStatus();
}

Json StopTokenIdsSchema() {
  return {{"type", "array"}, {"maxItems", kMaxStopTokenIds}, {"items", TokenIdSchema()}};
}

Status ReadLogitBias(const FieldValue& field, Fields& fields) {
  if (!field.value.is_object()) {
    return WrongValue(field.name, "an object of token ids and biases, like {\"42\": -5}",
                      field.value);
  }
  if (field.value.size() > kMaxLogitBiases) return TooMany(field, kMaxLogitBiases);
  for (const auto& [key, value] : field.value.items()) {
    const auto id = ParseInt64(key);
    if (!id || *id < 0 || *id > std::numeric_limits<int32_t>::max())
      return WrongValue(field.name, "an object whose keys are token ids", Json(key));
    const double bias = value.is_number() ? value.get<double>() : 2 * kMaxLogitBias;
    if (!(bias >= -kMaxLogitBias && bias <= kMaxLogitBias))
      return WrongValue(field.name, "an object whose values are numbers from -100 to 100", value);
    fields.logit_bias.push_back({static_cast<int32_t>(*id), bias});
  }
  return OkStatus();
}

Json LogitBiasSchema() {
  return {{"type", "object"},
          {"maxProperties", kMaxLogitBiases},
          {"propertyNames", {{"pattern", "^(0|[1-9][0-9]{0,8})$"}}},
          {"additionalProperties",
           {{"type", "number"}, {"minimum", -kMaxLogitBias}, {"maximum", kMaxLogitBias}}}};
}

Status ReadStreamOptions(const FieldValue& field, Fields& fields) {
  if (!field.value.is_object())
    return WrongValue(field.name, "an object with include_usage", field.value);
  for (const auto& [key, option] : field.value.items()) {
    const std::string path = fmt::format("{}.{}", field.name, key);
    if (key != "include_usage" && key != "include_obfuscation" && key != "continuous_usage_stats") {
      fields.unknown_fields.push_back(path);
      continue;
    }
    if (option.is_null()) continue;
    if (!option.is_boolean()) return WrongValue(path, "true or false", option);
    if (key == "include_usage") fields.include_usage = option.get<bool>();
    if (key == "continuous_usage_stats") fields.continuous_usage_stats = option.get<bool>();
  }
  return OkStatus();
}

Json StreamOptionsSchema() {
  const Json flag = {{"type", {"boolean", "null"}}};
  return {
      {"type", "object"},
      {"properties",
       {{"include_usage", flag}, {"include_obfuscation", flag}, {"continuous_usage_stats", flag}}}};
}

Status ReadAddSpecialTokens(const FieldValue& field, Fields& fields) {
  if (!field.value.is_boolean()) return WrongValue(field.name, "true or false", field.value);
  fields.add_special_tokens = field.value.get<bool>();
  return OkStatus();
}

Json BoolSchema() { return {{"type", "boolean"}}; }

Status ReadTemplateKwargs(const FieldValue& field, Fields& fields) {
  if (!field.value.is_object())
    return WrongValue(field.name, "an object with enable_thinking or thinking", field.value);
  for (const auto& [key, value] : field.value.items()) {
    const std::string path = fmt::format("{}.{}", field.name, key.substr(0, 64));
    if (std::find(kTemplateVariables.begin(), kTemplateVariables.end(), key) ==
        kTemplateVariables.end()) {
      return InvalidArgument(path + " cannot be set by a request; enable_thinking and thinking can",
                             path);
    }
    const size_t length = NumCharacters(value).value_or(0);
    if (value.is_structured() || length > kMaxVariableCharacters)
      return WrongValue(path, "true, false, a number or a short text", value);
    fields.template_variables.emplace_back(key, value.dump());
  }
  return OkStatus();
}

Json TemplateKwargsSchema() {
  const Json scalar = {{"type", {"boolean", "number", "string", "null"}},
                       {"maxLength", kMaxVariableCharacters}};
  return {{"type", "object"},
          {"properties", {{"enable_thinking", scalar}, {"thinking", scalar}}},
          {"additionalProperties", false}};
}

Status ReadReasoningEffort(const FieldValue& field, Fields& fields) {
  const bool is_known = field.value.is_string() &&
                        std::find(kEfforts.begin(), kEfforts.end(),
                                  field.value.get_ref<const std::string&>()) != kEfforts.end();
  if (!is_known) {
    return WrongValue(field.name, "none, minimal, low, medium, high, xhigh or max", field.value);
  }
  const bool thinks = field.value != "none" && field.value != "minimal";
  for (const std::string_view name : kTemplateVariables)
    SetDefaultVariable(name, thinks ? "true" : "false", fields);
  if (field.value != "none") SetDefaultVariable("reasoning_effort", field.value.dump(), fields);
  return OkStatus();
}

Json ReasoningEffortSchema() { return {{"enum", kEfforts}}; }

}  // namespace redline::openai
