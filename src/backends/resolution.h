// What an engine will really run, known before it starts: each engine's resolver follows the
// engine's own code, and each rewrite names its rule and where that rule stands.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backends/arguments/argument_parser.h"
#include "spec/hardware_profile.h"

namespace redline::backends {

struct ResolveRequest {
  std::vector<std::string> arguments;  // the engine's own, without the program
  std::map<std::string, std::string> environment;
  nlohmann::json model_config;  // the model's config.json
  spec::HardwareProfile hardware;
};

// A field the engine will run with another value than it was asked for.
struct Rewrite {
  std::string field;
  nlohmann::json asked;  // the parsed value, the default included
  nlohmann::json got;
  std::string rule;    // in words: "DeepSeek sparse attention runs with pages of 64"
  std::string source;  // "server_args.py: _handle_model_specific_adjustments"
};

// The engine would end with this instead of starting.
struct Refusal {
  std::string stage;    // the engine's step: "argparse", "post_init", "create_engine_config"
  std::string message;  // flag, value and remedy
  std::string field;    // dest or flag, where one is to blame
};

struct EngineResolution {
  nlohmann::json resolved;  // object; field names as the engine has them; null when refused
  std::vector<Rewrite> rewritten;
  std::vector<std::string> warnings;  // what the engine would say, and what changes nothing
  std::optional<Refusal> error;
};

// {"resolved": {...}, "rewritten": [...], "warnings": [...], "error": null | {...}}
nlohmann::json ToJson(const EngineResolution& resolution);

}  // namespace redline::backends
