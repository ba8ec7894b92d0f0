#include "engine/weights/json_file.h"

#include <nlohmann/json.hpp>
#include <string>

#include "net/json_body.h"

namespace redline::engine {

Result<nlohmann::json> ParseFileJson(std::string_view text, std::string_view what,
                                     size_t max_bytes) {
  auto json =
      net::ParseJson(text, {.max_bytes = max_bytes, .max_depth = 32, .max_values = 1'000'000});
  if (!json.ok())
    return DataLoss(std::string(what) + " is not valid JSON: " + json.status().message());
  return json;
}

}  // namespace redline::engine
