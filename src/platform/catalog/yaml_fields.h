// Reads any struct that has a VisitFields() list (spec/fields.h) from YAML, strictly: a misspelt
// key, a key that occurs twice or a wrong type is an error that names file and line. Heavy: include
// it in .cc files only.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/fields.h"

namespace redline::platform {

// Where a node stands, for messages: "models/a.yaml:12".
struct YamlContext {
  std::string file;
  std::string At(const YAML::Node& node) const;
};

namespace yaml_internal {

Status Read(const YamlContext& context, const YAML::Node& node, std::string& value);
Status Read(const YamlContext& context, const YAML::Node& node, int64_t& value);
Status Read(const YamlContext& context, const YAML::Node& node, spec::ParameterValue& value);
Status Read(const YamlContext& context, const YAML::Node& node, spec::Evidence::Kind& value);

Status WrongType(const YamlContext& context, const YAML::Node& node, const char* expected);

template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, std::vector<T>& values);
template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, std::map<std::string, T>& values);
template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, T& value);

class Reader {
 public:
  Reader(const YamlContext& context, const YAML::Node& node) : context_(context), node_(node) {}

  template <typename T>
  void operator()(const char* name, T& value) {
    names_.emplace_back(name);
    const YAML::Node field = node_[name];
    if (status_.ok() && field.IsDefined()) status_ = Read(context_, field, value);
  }
  // The catalog has no times.
  void Time(const char*, int64_t&) {}

  Status Finish() const;

 private:
  const YamlContext& context_;
  const YAML::Node& node_;
  std::vector<std::string> names_;
  Status status_;
};

template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, std::vector<T>& values) {
  if (!node.IsSequence()) return WrongType(context, node, "a list");
  for (const YAML::Node& entry : node)
    RL_RETURN_IF_ERROR(Read(context, entry, values.emplace_back()));
  return OkStatus();
}

template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, std::map<std::string, T>& values) {
  if (!node.IsMap()) return WrongType(context, node, "a mapping");
  for (const auto& entry : node) {
    std::string key;
    RL_RETURN_IF_ERROR(Read(context, entry.first, key));
    RL_RETURN_IF_ERROR(Read(context, entry.second, values[key]));
  }
  return OkStatus();
}

template <typename T>
Status Read(const YamlContext& context, const YAML::Node& node, T& value) {
  if (!node.IsMap()) return WrongType(context, node, "a mapping");
  Reader reader(context, node);
  VisitFields(reader, value);
  return reader.Finish();
}

}  // namespace yaml_internal

// The whole text as one T. kInvalidArgument; never throws.
template <typename T>
Result<T> FieldsFromYaml(const std::string& file, const std::string& text) {
  const YamlContext context{file};
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1)
      return InvalidArgument(context.At(documents[1]) + ": a second document; a file holds one");
    const YAML::Node root = documents.empty() ? YAML::Node() : documents[0];
    T value;
    RL_RETURN_IF_ERROR(yaml_internal::Read(context, root, value));
    return value;
  } catch (const YAML::Exception& error) {
    return InvalidArgument(file + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace redline::platform
