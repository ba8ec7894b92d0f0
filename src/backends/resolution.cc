#include "backends/resolution.h"

namespace redline::backends {

using nlohmann::json;

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
