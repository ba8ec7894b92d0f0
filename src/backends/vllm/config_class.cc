#include "backends/vllm/config_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;
using Kind = ConfigField::Kind;

std::optional<json> LaxBool(const json& value) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "on", "t", "true", "y", "yes"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "off", "f", "false", "n", "no"};
  if (value.is_boolean()) return value;
  if (value == 0 || value == 1) return json(value == 1);
  if (!value.is_string()) return std::nullopt;
  const std::string text = ToLower(value.get<std::string>());
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return json(true);
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return json(false);
  return std::nullopt;
}

std::optional<json> LaxInt(const json& value) {
  if (value.is_number_integer()) return value;
  if (value.is_boolean()) return json(value.get<bool>() ? 1 : 0);
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number != std::floor(number) || std::fabs(number) > 9e15) return std::nullopt;
    return json(static_cast<int64_t>(number));
  }
  if (!value.is_string()) return std::nullopt;
  const auto number = ParseInt64(Trim(value.get_ref<const std::string&>()));
  return number ? std::optional<json>(*number) : std::nullopt;
}

std::optional<json> LaxFloat(const json& value) {
  if (value.is_number()) return json(value.get<double>());
  if (value.is_boolean()) return json(value.get<bool>() ? 1.0 : 0.0);
  if (!value.is_string()) return std::nullopt;
  const auto number = ParseDouble(Trim(value.get_ref<const std::string&>()));
  return number ? std::optional<json>(*number) : std::nullopt;
}

template <typename Convert>
std::optional<json> EachOf(const json& value, Convert convert) {
  if (!value.is_array()) return std::nullopt;
  json converted = json::array();
  for (const json& each : value) {
    auto item = convert(each);
    if (!item) return std::nullopt;
    converted.push_back(*std::move(item));
  }
  return converted;
}

std::optional<json> OnlyIf(bool good, const json& value) {
  return good ? std::optional<json>(value) : std::nullopt;
}

std::optional<json> ConvertField(const ConfigField& field, const json& value) {
  switch (field.kind) {
    case Kind::kAny:
    case Kind::kClass:
      return value;
    case Kind::kBool:
      return LaxBool(value);
    case Kind::kInt:
      return LaxInt(value);
    case Kind::kFloat:
      return LaxFloat(value);
    case Kind::kString:
      return OnlyIf(value.is_string(), value);
    case Kind::kList:
      return OnlyIf(value.is_array(), value);
    case Kind::kInts:
      return EachOf(value, LaxInt);
    case Kind::kStrings:
      return EachOf(value, [](const json& each) { return OnlyIf(each.is_string(), each); });
    case Kind::kObject:
      return OnlyIf(value.is_object(), value);
  }
  return std::nullopt;
}

std::string_view Wanted(Kind kind) {
  constexpr std::array<std::string_view, 10> kNames = {
      "any value", "true or false",      "an integer",      "a number",  "text",
      "a list",    "a list of integers", "a list of texts", "an object", "an object"};
  return kNames[static_cast<size_t>(kind)];
}

Status CheckDomain(const ConfigField& field, const json& value) {
  if (value.is_number() && value.get<double>() < field.least)
    return InvalidArgument(
        fmt::format("{} is {}; it must be at least {}", field.name, value.dump(), field.least));
  if (field.choices.empty() || !value.is_string()) return OkStatus();
  const std::vector<std::string> names(field.choices.begin(), field.choices.end());
  const std::string text = value.get<std::string>();
  if (std::find(names.begin(), names.end(), text) != names.end()) return OkStatus();
  return InvalidArgument(fmt::format("{} is \"{}\"; it must be one of {}{}", field.name,
                                     Excerpt(text), Join(names, ", "), DidYouMean(text, names)));
}

Result<json> ReadConfigField(const ConfigField& field, const json& value) {
  if (value.is_null() && field.nullable) return value;
  if (field.kind == Kind::kClass) return ReadConfigClass(*field.nested, value);
  auto converted = ConvertField(field, value);
  if (!converted)
    return InvalidArgument(fmt::format("{} is {}; it must be {}", field.name, Excerpt(value.dump()),
                                       Wanted(field.kind)));
  RL_RETURN_IF_ERROR(CheckDomain(field, *converted));
  return *std::move(converted);
}

Status UnknownKey(const ConfigClass& config_class, const std::string& key) {
  std::vector<std::string> names;
  for (const ConfigField& field : config_class.fields) names.emplace_back(field.name);
  return InvalidArgument(
      fmt::format("{} has no \"{}\"{}", config_class.name, Excerpt(key), DidYouMean(key, names)));
}

}  // namespace

Result<json> ReadConfigClass(const ConfigClass& config_class, const json& value) {
  if (!value.is_object())
    return InvalidArgument(
        fmt::format("{} must be a JSON object, not {}", config_class.name, Excerpt(value.dump())));
  json result = json::object();
  for (const auto& [key, each] : value.items()) {
    const auto field = std::find_if(config_class.fields.begin(), config_class.fields.end(),
                                    [&, &name = key](const auto& f) { return f.name == name; });
    if (field == config_class.fields.end()) {
      if (config_class.refuses_unknown) return UnknownKey(config_class, key);
      continue;
    }
    auto read = ReadConfigField(*field, each);
    if (!read.ok()) return read.status().WithContext(config_class.name);
    result[key] = *std::move(read);
  }
  return result;
}

}  // namespace redline::backends::vllm
