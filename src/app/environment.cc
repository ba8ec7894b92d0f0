#include "app/environment.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace redline::app {

Result<std::map<std::string, std::string>> EnvironmentOf(const Arguments& arguments) {
  std::map<std::string, std::string> environment;
  for (const std::string& setting : arguments.GetAll("env")) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return InvalidArgument(fmt::format("--env \"{}\" must be KEY=VALUE", Excerpt(setting)),
                             "env");
    environment[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return environment;
}

std::string CommandWords(const nlohmann::json& words) {
  std::string line;
  for (const auto& word : words)
    line += (line.empty() ? "" : " ") + EscapeControl(ShellWord(word.get<std::string>()));
  return line;
}

std::string CommandWords(const nlohmann::json& words, const nlohmann::json& environment) {
  std::string line;
  for (const auto& [name, value] : environment.items())
    line += EscapeControl(name + "=" + ShellWord(value.get<std::string>())) + " ";
  return line + CommandWords(words);
}

}  // namespace redline::app
