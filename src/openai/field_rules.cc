#include "openai/field_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "net/json_body.h"
#include "openai/raw_json.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Fields = GenerationFields;

// --- What each accepts ---------------------------------------------------------------------------

std::string Describe(const NumberRule& rule) {
  return fmt::format("a number {} {} and at most {}", rule.min_excluded ? "above" : "of at least",
                     rule.min, rule.max);
}
std::string Describe(const IntegerRule& rule) {
  return fmt::format("an integer from {:.0f} to {:.0f}", rule.min, rule.max);
}
std::string Describe(const BoolRule&) { return "true or false"; }
std::string Describe(const StringRule& rule) {
  return fmt::format("a string of {} to {} characters", rule.min_characters, rule.max_characters);
}
std::string Describe(const CustomRule& rule) { return std::string(rule.accepts); }
std::string Describe(const NoEffectRule&) { return "anything; it has no effect on the answer"; }
std::string Describe(const UnsupportedRule& rule) {
  if (rule.neutral.empty()) return "not supported by this version: leave it out";
  return fmt::format("not supported by this version: only {}", rule.neutral);
}

// --- The same as JSON schema ---------------------------------------------------------------------

Json Schema(const NumberRule& rule) {
  return {{"type", "number"},
          {rule.min_excluded ? "exclusiveMinimum" : "minimum", rule.min},
          {"maximum", rule.max}};
}
Json Schema(const IntegerRule& rule) {
  return {{"type", "integer"},
          {"minimum", static_cast<int64_t>(rule.min)},
          {"maximum", static_cast<int64_t>(rule.max)}};
}
Json Schema(const BoolRule&) { return {{"type", "boolean"}}; }
Json Schema(const StringRule& rule) {
  return {
      {"type", "string"}, {"minLength", rule.min_characters}, {"maxLength", rule.max_characters}};
}
Json Schema(const CustomRule& rule) { return rule.schema(); }
Json Schema(const NoEffectRule&) { return Json::object(); }

std::vector<Json> NeutralValues(const UnsupportedRule& rule) {
  std::vector<Json> values;
  for (const std::string& text : Split(rule.neutral, ' ')) {
    if (!text.empty()) values.push_back(Json::parse(text));
  }
  return values;
}

// An empty list of values would be no schema: null is accepted everywhere.
Json Schema(const UnsupportedRule& rule) {
  Json values = NeutralValues(rule);
  if (values.empty()) values.push_back(nullptr);
  return {{"enum", std::move(values)}, {"description", Describe(rule)}};
}

// --- Reading -------------------------------------------------------------------------------------

Status Read(const NumberRule& rule, const FieldValue& field, Fields& fields) {
  const double number = field.value.is_number() ? field.value.get<double>() : std::nan("");
  const bool above = rule.min_excluded ? number > rule.min : number >= rule.min;
  if (!above || !(number <= rule.max)) return WrongValue(field.name, Describe(rule), field.value);
  fields.*rule.member = number;
  return OkStatus();
}

Status Read(const IntegerRule& rule, const FieldValue& field, Fields& fields) {
  const auto number = AsInteger(field.value, rule.min, rule.max);
  if (!number) return WrongValue(field.name, Describe(rule), field.value);
  fields.*rule.member = *number;
  return OkStatus();
}

Status Read(const BoolRule& rule, const FieldValue& field, Fields& fields) {
  if (!field.value.is_boolean()) return WrongValue(field.name, Describe(rule), field.value);
  fields.*rule.member = field.value.get<bool>();
  return OkStatus();
}

Status Read(const StringRule& rule, const FieldValue& field, Fields& fields) {
  const auto length = NumCharacters(field.value);
  if (!length || *length < rule.min_characters || *length > rule.max_characters)
    return WrongValue(field.name, Describe(rule), field.value);
  fields.*rule.member = field.value.get<std::string>();
  return OkStatus();
}

Status Read(const CustomRule& rule, const FieldValue& field, Fields& fields) {
  return rule.read == nullptr ? OkStatus() : rule.read(field, fields);
}

Status Read(const NoEffectRule&, const FieldValue&, Fields&) { return OkStatus(); }

Status Read(const UnsupportedRule& rule, const FieldValue& field, Fields&) {
  const std::vector<Json> neutral = NeutralValues(rule);
  if (std::find(neutral.begin(), neutral.end(), field.value) != neutral.end()) return OkStatus();
  if (std::isfinite(rule.max)) {
    const double number = field.value.is_number() ? field.value.get<double>() : std::nan("");
    if (!(number >= rule.min && number <= rule.max))
      return WrongValue(field.name, fmt::format("a number from {} to {}", rule.min, rule.max),
                        field.value);
  }
  const std::string hint =
      rule.neutral.empty() ? "leave it out" : fmt::format("only {} is accepted", rule.neutral);
  return InvalidArgument(fmt::format("{} is not supported by this version: {}", field.name, hint),
                         std::string(field.name));
}

}  // namespace

std::string_view FieldValue::Text() const { return RawMember(body, name); }

Status ReadField(const Rule& rule, const FieldValue& field, Fields& fields) {
  return std::visit([&](const auto& kind) { return Read(kind, field, fields); }, rule);
}

std::string DescribeRule(const Rule& rule) {
  return std::visit([](const auto& kind) { return Describe(kind); }, rule);
}

Json SchemaOfRule(const Rule& rule) {
  return std::visit([](const auto& kind) { return Schema(kind); }, rule);
}

bool IsRequired(const Rule& rule) {
  const auto* text = std::get_if<StringRule>(&rule);
  return text != nullptr && text->required;
}

Status WrongValue(std::string_view param, std::string_view expected, const Json& value) {
  return InvalidArgument(
      fmt::format("{} must be {}, got {}", param, expected, net::JsonExcerpt(value)),
      std::string(param));
}

std::optional<int64_t> AsInteger(const Json& value, double min, double max) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!(number >= min && number <= max) || number != std::floor(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::optional<size_t> NumCharacters(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

std::optional<int32_t> AsTokenId(const Json& value) {
  const auto id = AsInteger(value, 0, std::numeric_limits<int32_t>::max());
  return id ? std::optional(static_cast<int32_t>(*id)) : std::nullopt;
}

Json TokenIdSchema() {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", std::numeric_limits<int32_t>::max()}};
}

}  // namespace redline::openai
