#include "planner/hardware/hardware_spec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "planner/hardware/hardware_fields.h"
#include "planner/hardware/hardware_rules.h"
#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::planner {

std::string FullName(const HardwareSpec& hardware) {
  const std::string node = fmt::format("{}x{}", hardware.name, hardware.devices_per_node);
  return hardware.num_nodes == 1 ? node : fmt::format("{}x{}", hardware.num_nodes, node);
}

Result<HardwareSpec> HardwareFromYaml(std::string_view text) {
  constexpr spec::YamlLimits kLimits = {.max_bytes = 64 << 10, .max_depth = 8, .max_values = 500};
  RL_ASSIGN_OR_RETURN(const nlohmann::json document, spec::ParseYaml(text, kLimits));
  RL_ASSIGN_OR_RETURN(auto hardware,
                      spec::FieldsFromJson<HardwareSpec>(document, spec::UnknownKeys::kRefuse));
  RL_RETURN_IF_ERROR(ValidateHardware(hardware));
  return hardware;
}

nlohmann::json ToJson(const HardwareSpec& hardware) { return spec::FieldsToJson(hardware); }

}  // namespace redline::planner
