// The typed parameters of one version of an engine, as data, and what can be decided from them
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/engine_config.h"

namespace redline::backends {

enum class ParameterType { kBool, kInt, kFloat, kString };

struct Parameter {
  std::string name;  // the flag without dashes, in snake_case
  ParameterType type = ParameterType::kString;
  spec::ParameterValue default_value;
  std::string help;
  std::vector<std::string> choices;  // kString; empty: any text
  std::optional<double> minimum;     // kInt, kFloat; inclusive
  std::optional<double> maximum;
};

struct ParameterSchema {
  std::vector<Parameter> parameters;
  // Flags the platform sets itself ("model_path"): refused when asked for.
  std::vector<std::string> managed;

  const Parameter* Find(std::string_view name) const;  // nullptr: none
};

// "max_running_requests" -> "--max-running-requests".
std::string FlagName(std::string_view parameter_name);
// As it stands on a command line: "64", "0.9", "true", "fcfs".
std::string FormatValue(const spec::ParameterValue& value);
std::string_view NameOf(ParameterType type);

struct CheckedParameters {
  spec::Parameters values;         // every parameter of the schema; defaults where not asked
  std::vector<std::string> notes;  // requested values that equal the default
};
// kInvalidArgument, with the parameter's name: unknown (and the nearest known one), managed, of
// another type, outside its domain. `engine` is for messages: "native 0.1.0".
Result<CheckedParameters> CheckParameters(const ParameterSchema& schema, std::string_view engine,
                                          const spec::Parameters& requested);

}  // namespace redline::backends
