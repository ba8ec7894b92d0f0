// JSON from strangers: parsing under limits, and writing strings that are valid JSON whatever bytes
// they hold. Pure functions.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::net {

struct JsonLimits {
  size_t max_bytes = 64 << 20;  // kTooLarge above
  int max_depth = 128;          // arrays and objects inside each other
  size_t max_values = 4 << 20;  // a value costs 16 bytes and more, "0," only two
};

// Parses one JSON text (RFC 8259). kInvalidArgument, with line and column, for anything else: NaN,
// 1e400, comments, invalid UTF-8, lone surrogates, NUL bytes, trailing text, and (stricter than the
// RFC) a key that occurs twice in one object, because two readers could then see two requests.
Result<nlohmann::json> ParseJson(std::string_view text, const JsonLimits& limits = {});
// The same, for a body that must be an object.
Result<nlohmann::json> ParseJsonObject(std::string_view text, const JsonLimits& limits = {});

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonString(std::string_view text);

// A value as it is quoted in a message: compact JSON, cut after 40 bytes.
std::string JsonExcerpt(const nlohmann::json& value);

}  // namespace redline::net
