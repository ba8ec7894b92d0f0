// The flags that decide layout and scheduling, read from a command line that no resolver takes: of
// another version of the engine, or a model that it does not know. Names and nesting as the
// engine's resolver gives them. Pure function.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace redline::planner {

// Flags that are not known here are passed over.
nlohmann::json LenientlyResolved(std::string_view engine,
                                 const std::vector<std::string>& arguments);

}  // namespace redline::planner
