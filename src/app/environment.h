// Engines' environments and command lines, as a shell gives and takes them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/command.h"
#include "base/shell.h"
#include "base/status.h"

namespace redline::app {

// kInvalidArgument for what is not KEY=VALUE.
// Of --env K=V.
Result<std::map<std::string, std::string>> EnvironmentOf(const Arguments& arguments);

// A JSON list of words, as one line; before it the variables of a JSON object.
std::string CommandWords(const nlohmann::json& words);
std::string CommandWords(const nlohmann::json& words, const nlohmann::json& environment);

}  // namespace redline::app
