// Parses a JSON document from a file nobody vouches for, under limits.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/status.h"

namespace redline::engine {

struct JsonLimits {
  int max_depth = 32;
  size_t max_values = 1'000'000;  // values and keys: what memory grows with
};

// kDataLoss, with `what` in the message, for text that is not JSON, has a duplicate key, or exceeds
// a limit (before memory is spent on it).
Result<nlohmann::json> ParseLimitedJson(std::string_view text, std::string_view what,
                                        const JsonLimits& limits = {});

}  // namespace redline::engine
