// YAML that people write, as JSON. Pure functions; yaml-cpp and JSON stay in yaml.cc.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "spec/engine_config.h"

namespace YAML {
class Node;
}

namespace redline::spec {

struct YamlLimits {
  size_t max_bytes = 1 << 20;  // kTooLarge above
  int max_depth = 32;
  size_t max_values = 100'000;  // after aliases are written out, which is where bombs grow
};

// Scalars as in YAML's core schema; keys are text and occur once. kInvalidArgument, with the line,
// for anything else. Never throws.
Result<nlohmann::json> ParseYaml(std::string_view text, const YamlLimits& limits = {});

// A scalar that is true, false or a number; otherwise, and when it is in quotes, its text.
ParameterValue YamlScalar(const YAML::Node& node);

// As ParseYaml reads it: texts that a reader would take for something else are in quotes.
std::string ToYaml(const nlohmann::json& value);

}  // namespace redline::spec
