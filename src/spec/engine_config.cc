#include "spec/engine_config.h"

#include "spec/json_fields.h"

namespace redline::spec {

nlohmann::json ToJson(const Parameters& parameters) { return FieldsToJson(parameters); }
nlohmann::json ToJson(const EngineConfig& config) { return FieldsToJson(config); }

Result<Parameters> ParametersFromJson(const nlohmann::json& json) {
  Parameters parameters;
  RL_RETURN_IF_ERROR(json_internal::ReadMap(json, "", UnknownKeys::kRefuse, parameters));
  return parameters;
}

Result<EngineConfig> EngineConfigFromJson(const nlohmann::json& json) {
  return FieldsFromJson<EngineConfig>(json, UnknownKeys::kIgnore);
}

}  // namespace redline::spec
