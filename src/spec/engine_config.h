// EngineConfig: which engine runs a model, and with which parameters.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace redline::spec {

// A typed parameter value. Keys are the engine's own flag names without dashes in front, in
// snake_case as its schema has them ("max_running_requests").
using ParameterValue = std::variant<bool, int64_t, double, std::string>;
using Parameters = std::map<std::string, ParameterValue>;

struct EngineConfig {
  std::string engine;  // "native"; later "sglang", "vllm", "tensorrt_llm", "llama_cpp", "simulated"
  std::string version;   // of the engine; for native: this product's version
  Parameters requested;  // what the profile or the user asked for
  // The same for an engine with a command line of its own, which takes this instead of `requested`:
  // its flags and their values as they stand there, without program and model.
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // variables that the engine reads
  Parameters resolved;  // what the engine will really run (after its own rewrites and defaults)
};

nlohmann::json ToJson(const Parameters& parameters);
nlohmann::json ToJson(const EngineConfig& config);
Result<Parameters> ParametersFromJson(const nlohmann::json& json);
Result<EngineConfig> EngineConfigFromJson(const nlohmann::json& json);

}  // namespace redline::spec
