// docs/cli.md, made from the same tables that parse the command line.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"

namespace redline::app {

std::string CliMarkdown(const std::vector<Command>& commands);

}  // namespace redline::app
