// JSON text in and out, without exceptions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::spec {

// One JSON value. kInvalidArgument for malformed text, invalid UTF-8, a number that does not fit, a
// key that occurs twice in an object, or nesting deeper than 64.
Result<nlohmann::json> ParseJson(std::string_view text);
// Compact text. Bytes that are not UTF-8 become U+FFFD.
std::string DumpJson(const nlohmann::json& json);

}  // namespace redline::spec
