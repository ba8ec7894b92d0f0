// The text of one argument as the value that the engine's parser makes of it: what Python's int(),
// float() and json.loads() take is taken, and nothing else.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "backends/arguments/argument_table.h"

namespace redline::backends {

// nullopt: the conversion would raise. An integer beyond 64 bits becomes a double.
std::optional<nlohmann::json> ConvertValue(const Argument& argument, std::string_view text);
// For messages: "invalid int value".
std::string_view NameOf(ArgumentType type);

}  // namespace redline::backends
