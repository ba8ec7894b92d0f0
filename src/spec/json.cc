#include "spec/json.h"

#include <nlohmann/json.hpp>

namespace redline::spec {

std::string DumpJson(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace redline::spec
