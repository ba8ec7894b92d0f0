// JSON Schema of any struct that has a VisitFields() list (spec/fields.h), for API documents.
// Heavy: include it in .cc files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "spec/json_fields.h"

namespace redline::spec {

// Structs with a name are described once, under "#/components/schemas/NAME"; others in place.
template <typename T>
constexpr const char* kSchemaName = nullptr;
template <>
inline constexpr const char* kSchemaName<ModelSpec> = "ModelSpec";
template <>
inline constexpr const char* kSchemaName<EngineConfig> = "EngineConfig";
template <>
inline constexpr const char* kSchemaName<HardwareMatch> = "HardwareMatch";
template <>
inline constexpr const char* kSchemaName<Evidence> = "Evidence";
template <>
inline constexpr const char* kSchemaName<Profile> = "Profile";
template <>
inline constexpr const char* kSchemaName<Progress> = "Progress";
template <>
inline constexpr const char* kSchemaName<GpuClaim> = "GpuClaim";
template <>
inline constexpr const char* kSchemaName<Instance> = "Instance";
template <>
inline constexpr const char* kSchemaName<WorkerCpu> = "WorkerCpu";
template <>
inline constexpr const char* kSchemaName<WorkerGpu> = "WorkerGpu";
template <>
inline constexpr const char* kSchemaName<Worker> = "Worker";

namespace json_internal {

inline nlohmann::json TimeSchema() {
  return {{"type", "string"}, {"description", "RFC 3339, UTC; empty: never"}};
}

template <typename Enum>
nlohmann::json EnumSchema(Enum last) {
  auto names = nlohmann::json::array();
  for (int value = 0; value <= static_cast<int>(last); ++value)
    names.push_back(std::string(NameOf(static_cast<Enum>(value))));
  return {{"type", "string"}, {"enum", std::move(names)}};
}

}  // namespace json_internal

// `schemas` collects the named ones that T uses.
template <typename T>
nlohmann::json SchemaOf(nlohmann::json& schemas);

namespace json_internal {

class SchemaVisitor {
 public:
  explicit SchemaVisitor(nlohmann::json& schemas) : schemas_(schemas) {}

  template <typename T>
  void operator()(const char* name, const T&) {
    properties_[name] = SchemaOf<T>(schemas_);
  }
  void Time(const char* name, int64_t) { properties_[name] = TimeSchema(); }
  nlohmann::json Take() { return {{"type", "object"}, {"properties", std::move(properties_)}}; }

 private:
  nlohmann::json& schemas_;
  nlohmann::json properties_ = nlohmann::json::object();
};

template <typename T>
nlohmann::json ObjectSchema(nlohmann::json& schemas) {
  SchemaVisitor visitor(schemas);
  const T value;
  VisitFields(visitor, value);
  return visitor.Take();
}

}  // namespace json_internal

template <typename T>
nlohmann::json SchemaOf(nlohmann::json& schemas) {
  using namespace json_internal;  // NOLINT(google-build-using-namespace)
  if constexpr (HasFields<const T>) {
    if constexpr (kSchemaName<T> == nullptr) return ObjectSchema<T>(schemas);
    const std::string name = kSchemaName<T> == nullptr ? "" : kSchemaName<T>;
    if (!schemas.contains(name)) {
      nlohmann::json schema = ObjectSchema<T>(schemas);
      schemas[name] = std::move(schema);
    }
    return {{"$ref", "#/components/schemas/" + name}};
  } else if constexpr (std::same_as<T, InstanceState>) {
    return EnumSchema(InstanceState::kUnreachable);
  } else if constexpr (std::same_as<T, Evidence::Kind>) {
    return EnumSchema(Evidence::Kind::kMeasured);
  } else if constexpr (std::same_as<T, ParameterValue>) {
    return {{"oneOf", {{{"type", "boolean"}}, {{"type", "number"}}, {{"type", "string"}}}}};
  } else if constexpr (kIsOptional<T>) {
    return {{"oneOf", {SchemaOf<typename T::value_type>(schemas), {{"type", "null"}}}}};
  } else if constexpr (kIsMap<T>) {
    return {{"type", "object"},
            {"additionalProperties", SchemaOf<typename T::mapped_type>(schemas)}};
  } else if constexpr (kIsVector<T>) {
    return {{"type", "array"}, {"items", SchemaOf<typename T::value_type>(schemas)}};
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::same_as<T, int64_t>) {
    return {{"type", "integer"}, {"format", "int64"}};
  } else if constexpr (std::same_as<T, double>) {
    return {{"type", "number"}};
  } else {
    static_assert(std::same_as<T, std::string>);
    return {{"type", "string"}};
  }
}

}  // namespace redline::spec
