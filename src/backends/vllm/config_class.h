// One of vLLM's configuration classes as far as its own validation goes (a pydantic dataclass in
// lax mode): its fields, and what their JSON values may be.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/status.h"

namespace redline::backends::vllm {

struct ConfigClass;

struct ConfigField {
  enum class Kind { kAny, kBool, kInt, kFloat, kString, kList, kInts, kStrings, kObject, kClass };

  std::string_view name;
  Kind kind = Kind::kAny;
  bool nullable = false;
  std::span<const std::string_view> choices;  // of a string; empty: any
  double least = -std::numeric_limits<double>::infinity();
  const ConfigClass* nested = nullptr;  // kClass
};

struct ConfigClass {
  std::string_view name;  // "CompilationConfig"
  bool refuses_unknown = false;
  std::span<const ConfigField> fields;
};

// The object with its values converted ("8" for an integer is 8, 1 for a bool is true); unknown
// keys, where they are not refused, are left out. kInvalidArgument naming class, key and value.
Result<nlohmann::json> ReadConfigClass(const ConfigClass& config_class,
                                       const nlohmann::json& value);

}  // namespace redline::backends::vllm
