#include "spec/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "base/strings.h"

namespace redline::spec {
namespace {

using nlohmann::json;

class YamlConverter {
 public:
  explicit YamlConverter(const YamlLimits& limits) : limits_(limits) {}

  Status Convert(const YAML::Node& node, int depth, json& value) {
    if (depth > limits_.max_depth)
      return Wrong(node, fmt::format("nested more than {} deep", limits_.max_depth));
    if (++num_values_ > limits_.max_values)
      return Wrong(node, fmt::format("more than {} values", limits_.max_values));
    if (node.IsMap()) return ConvertMap(node, depth, value);
    if (node.IsSequence()) return ConvertSequence(node, depth, value);
    if (node.IsScalar())
      value = std::visit([](const auto& held) { return json(held); }, YamlScalar(node));
    return OkStatus();
  }

 private:
  static Status Wrong(const YAML::Node& node, const std::string& what) {
    return InvalidArgument(fmt::format("line {}: {}", node.Mark().line + 1, what));
  }

  Status ConvertMap(const YAML::Node& node, int depth, json& value) {
    value = json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return Wrong(entry.first, "a key must be text");
      const std::string& key = entry.first.Scalar();
      if (value.contains(key))
        return Wrong(entry.first, fmt::format("the key \"{}\" occurs twice", Excerpt(key)));
      RL_RETURN_IF_ERROR(Convert(entry.second, depth + 1, value[key]));
    }
    return OkStatus();
  }

  Status ConvertSequence(const YAML::Node& node, int depth, json& value) {
    value = json::array();
    for (const YAML::Node& entry : node)
      RL_RETURN_IF_ERROR(Convert(entry, depth + 1, value.emplace_back()));
    return OkStatus();
  }

  const YamlLimits& limits_;
  size_t num_values_ = 0;
};

void EmitYaml(YAML::Emitter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.items()) {
        out << YAML::Key << key << YAML::Value;
        EmitYaml(out, member);
      }
      out << YAML::EndMap;
      break;
    case json::value_t::array:
      out << YAML::BeginSeq;
      for (const auto& element : value) EmitYaml(out, element);
      out << YAML::EndSeq;
      break;
    case json::value_t::string: {
      // Quoted when a YAML reader would take the text for something else.
      const auto text = value.get<std::string>();
      const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '/' || c == '.';
      });
      const bool keyword = text == "true" || text == "false" || text == "null" || text == "yes" ||
                           text == "no" || text == "on" || text == "off" || text == "-";
      if (!plain || keyword) out << YAML::DoubleQuoted;
      out << text;
      break;
    }
    case json::value_t::null:
      out << YAML::Null;
      break;
    default:
      out << value.dump();
  }
}

}  // namespace

ParameterValue YamlScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (const auto integer = ParseInt64(text)) return *integer;
  // "nan" and "inf" are words here: no field takes them for numbers.
  if (const auto number = ParseDouble(text); number && std::isfinite(*number)) return *number;
  return text;
}

Result<json> ParseYaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes)
    return Status(Code::kTooLarge,
                  fmt::format("the YAML has {}; at most {} are read", FormatBytes(text.size()),
                              FormatBytes(limits.max_bytes)));
  if (!IsValidUtf8(text)) return InvalidArgument("the YAML is not valid UTF-8");
  try {
    json value;
    RL_RETURN_IF_ERROR(YamlConverter(limits).Convert(YAML::Load(std::string(text)), 0, value));
    return value;
  } catch (const YAML::Exception& error) {
    return InvalidArgument(fmt::format("line {}: {}", error.mark.line + 1, error.msg));
  }
}

std::string ToYaml(const json& value) {
  YAML::Emitter out;
  EmitYaml(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace redline::spec
