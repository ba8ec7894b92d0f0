// Reads an engine's argument list the way its own parser would (Python's argparse or click): unique
// prefixes of long flags (argparse), --flag=value, values of several words, repeated flags of which
// the last counts.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>

#include "backends/arguments/argument_table.h"
#include "base/status.h"

namespace redline::backends {

struct ParsedArguments {
  nlohmann::json values;        // object: dest -> value, defaults included
  std::set<std::string> given;  // dests that the list names
};

// Accepts what the engine accepts and refuses what it refuses. kInvalidArgument: the message begins
// as argparse's own and names the flag, the value and the remedy (the nearest flag or choice);
// param() is the flag.
Result<ParsedArguments> ParseArguments(const ArgumentTable& table,
                                       std::span<const std::string> arguments);

}  // namespace redline::backends
