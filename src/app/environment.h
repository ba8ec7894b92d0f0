// --env K=V, as engines' environments are given.
#pragma once

#include <map>
#include <string>

#include "app/command.h"
#include "base/status.h"

namespace redline::app {

// kInvalidArgument for what is not KEY=VALUE.
Result<std::map<std::string, std::string>> EnvironmentOf(const Arguments& arguments);

}  // namespace redline::app
