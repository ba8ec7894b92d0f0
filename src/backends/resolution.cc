#include "backends/resolution.h"

#include <limits>

namespace redline::backends {

using nlohmann::json;

int64_t ProductOfSizes(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (const int64_t size : sizes) {
    if (size <= 0) return 0;
    if (__builtin_mul_overflow(product, size, &product))
      product = std::numeric_limits<int64_t>::max();
  }
  return product;
}

json ToJson(const EngineResolution& resolution) {
  json rewritten = json::array();
  for (const Rewrite& each : resolution.rewritten) {
    rewritten.push_back({{"field", each.field},
                         {"asked", each.asked},
                         {"got", each.got},
                         {"rule", each.rule},
                         {"source", each.source},
                         {"given", each.was_given}});
  }
  json error;
  if (resolution.error) {
    error = {{"stage", resolution.error->stage}, {"message", resolution.error->message}};
    if (!resolution.error->field.empty()) error["field"] = resolution.error->field;
  }
  return {{"resolved", resolution.resolved},
          {"rewritten", std::move(rewritten)},
          {"warnings", resolution.warnings},
          {"error", std::move(error)}};
}

}  // namespace redline::backends
