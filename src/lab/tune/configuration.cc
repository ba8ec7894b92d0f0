#include "lab/tune/configuration.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/shell.h"

namespace redline::lab {

using nlohmann::json;

std::string TextOf(const TuneConfiguration& configuration) {
  std::string text = configuration.engine;
  for (const auto& [name, value] : configuration.environment)
    text += fmt::format(" --env {}", ShellWord(name + "=" + value));
  if (configuration.arguments.empty()) return text;
  text += " --";
  for (const std::string& word : configuration.arguments) text += " " + ShellWord(word);
  return text;
}

json ToJson(const TuneConfiguration& configuration) {
  return {{"engine", configuration.engine},
          {"arguments", configuration.arguments},
          {"environment", configuration.environment}};
}

}  // namespace redline::lab
