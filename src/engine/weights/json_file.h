// JSON of a model's files, parsed under limits.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/status.h"

namespace redline::engine {

// kDataLoss, `what` in the message, for text that is not JSON, has a duplicate key, or exceeds the
// limits on bytes, nesting (32) and values (a million).
Result<nlohmann::json> ParseFileJson(std::string_view text, std::string_view what,
                                     size_t max_bytes = size_t{64} << 20);

}  // namespace redline::engine
