#include "platform/catalog/yaml_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "spec/yaml.h"

namespace redline::platform {

std::string YamlContext::At(const YAML::Node& node) const {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

namespace yaml_internal {

Status WrongType(const YamlContext& context, const YAML::Node& node, const char* expected) {
  return InvalidArgument(fmt::format("{}: expected {}", context.At(node), expected));
}

Status Read(const YamlContext& context, const YAML::Node& node, std::string& value) {
  if (!node.IsScalar()) return WrongType(context, node, "text");
  value = node.Scalar();
  return OkStatus();
}

Status Read(const YamlContext& context, const YAML::Node& node, int64_t& value) {
  const auto number = node.IsScalar() ? ParseInt64(node.Scalar()) : std::nullopt;
  if (!number) return WrongType(context, node, "an integer");
  value = *number;
  return OkStatus();
}

Status Read(const YamlContext& context, const YAML::Node& node, spec::ParameterValue& value) {
  if (!node.IsScalar()) return WrongType(context, node, "text, a number, true or false");
  value = spec::YamlScalar(node);
  return OkStatus();
}

Status Read(const YamlContext& context, const YAML::Node& node, spec::Evidence::Kind& value) {
  std::string name;
  RL_RETURN_IF_ERROR(Read(context, node, name));
  const auto kind = spec::EvidenceKindFromName(name);
  if (!kind.ok()) return kind.status().WithContext(context.At(node));
  value = *kind;
  return OkStatus();
}

Status Reader::Finish() const {
  RL_RETURN_IF_ERROR(status_);
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (!seen.insert(key).second)
      return InvalidArgument(
          fmt::format("{}: the key \"{}\" occurs twice", context_.At(entry.first), key));
    if (std::find(names_.begin(), names_.end(), key) == names_.end())
      return InvalidArgument(fmt::format("{}: unknown key \"{}\"{}", context_.At(entry.first),
                                         EscapeControl(key), DidYouMean(key, names_)));
  }
  return OkStatus();
}

}  // namespace yaml_internal
}  // namespace redline::platform
