#include "backends/parameter_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline::backends {
namespace {

std::vector<std::string> Names(const ParameterSchema& schema) {
  std::vector<std::string> names;
  for (const Parameter& parameter : schema.parameters) names.push_back(parameter.name);
  return names;
}

Status UnknownParameter(const ParameterSchema& schema, std::string_view engine,
                        const std::string& name) {
  if (std::find(schema.managed.begin(), schema.managed.end(), name) != schema.managed.end())
    return InvalidArgument(fmt::format("parameter \"{}\" is set by Redline itself", name), name);
  return InvalidArgument(fmt::format("parameter \"{}\" is not known to {}{}", name, engine,
                                     DidYouMean(name, Names(schema))),
                         name);
}

// An integer is good where a float is wanted; nothing else is converted.
std::optional<spec::ParameterValue> Typed(ParameterType type, const spec::ParameterValue& value) {
  if (type == ParameterType::kFloat && std::holds_alternative<int64_t>(value))
    return static_cast<double>(std::get<int64_t>(value));
  // ParameterType lists the types in the order of ParameterValue's alternatives.
  if (value.index() == static_cast<size_t>(type)) return value;
  return std::nullopt;
}

std::string DomainOf(const Parameter& parameter) {
  if (parameter.minimum && parameter.maximum)
    return fmt::format("from {} to {}", *parameter.minimum, *parameter.maximum);
  if (parameter.minimum) return fmt::format("{} or more", *parameter.minimum);
  return fmt::format("{} or less", *parameter.maximum);
}

Status CheckNumber(const Parameter& parameter, double value) {
  const bool too_small = parameter.minimum && !(value >= *parameter.minimum);
  const bool too_large = parameter.maximum && !(value <= *parameter.maximum);
  if (!too_small && !too_large) return OkStatus();
  return InvalidArgument(
      fmt::format("{} must be {}, not {}", parameter.name, DomainOf(parameter), value),
      parameter.name);
}

Status CheckChoice(const Parameter& parameter, const std::string& value) {
  const auto& choices = parameter.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end())
    return OkStatus();
  return InvalidArgument(fmt::format("{} must be one of {}, not \"{}\"{}", parameter.name,
                                     Join(choices, ", "), value, DidYouMean(value, choices)),
                         parameter.name);
}

Status CheckDomain(const Parameter& parameter, const spec::ParameterValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value))
    return CheckNumber(parameter, static_cast<double>(*number));
  if (const auto* number = std::get_if<double>(&value)) return CheckNumber(parameter, *number);
  if (const auto* text = std::get_if<std::string>(&value)) return CheckChoice(parameter, *text);
  return OkStatus();
}

}  // namespace

const Parameter* ParameterSchema::Find(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& each) { return each.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

std::string FlagName(std::string_view parameter_name) {
  std::string flag = "--" + std::string(parameter_name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string FormatValue(const spec::ParameterValue& value) {
  return std::visit([](const auto& typed) { return fmt::format("{}", typed); }, value);
}

std::string_view NameOf(ParameterType type) {
  switch (type) {
    case ParameterType::kBool:
      return "true or false";
    case ParameterType::kInt:
      return "an integer";
    case ParameterType::kFloat:
      return "a number";
    case ParameterType::kString:
      break;
  }
  return "a string";
}

Result<CheckedParameters> CheckParameters(const ParameterSchema& schema, std::string_view engine,
                                          const spec::Parameters& requested) {
  CheckedParameters checked;
  for (const Parameter& parameter : schema.parameters)
    checked.values[parameter.name] = parameter.default_value;
  for (const auto& [name, value] : requested) {
    const Parameter* parameter = schema.Find(name);
    if (parameter == nullptr) return UnknownParameter(schema, engine, name);
    const auto typed = Typed(parameter->type, value);
    if (!typed)
      return InvalidArgument(
          fmt::format("{} must be {}, not {}", name, NameOf(parameter->type), FormatValue(value)),
          name);
    RL_RETURN_IF_ERROR(CheckDomain(*parameter, *typed));
    if (*typed == parameter->default_value)
      checked.notes.push_back(
          fmt::format("{} = {} is the default and changes nothing.", name, FormatValue(*typed)));
    checked.values[name] = *typed;
  }
  return checked;
}

}  // namespace redline::backends
