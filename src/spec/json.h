// JSON text out, without exceptions. Text comes in through net/json_body.h.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace redline::spec {

// Compact text. Bytes that are not UTF-8 become U+FFFD.
std::string DumpJson(const nlohmann::json& json);

}  // namespace redline::spec
