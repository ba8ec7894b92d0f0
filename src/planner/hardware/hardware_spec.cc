#include "planner/hardware/hardware_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "planner/hardware/hardware_fields.h"
#include "planner/hardware/hardware_rules.h"
#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::planner {
namespace {

struct NameCollector {
  std::vector<const char*> names;

  template <typename T>
  void operator()(const char* name, const T&) {
    names.push_back(name);
  }
};

}  // namespace

std::string FullName(const HardwareSpec& hardware) {
  if (hardware.cpu && hardware.num_devices() == 1) return hardware.name;
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

std::string HardwareToYaml(const HardwareSpec& hardware, std::string_view comment) {
  std::string line(comment);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  NameCollector collector;
  VisitFields(collector, hardware);
  const nlohmann::json json = ToJson(hardware);
  std::string text = "# " + line + "\n";
  for (const char* name : collector.names) {
    // JSON is YAML; one key a line, in the order of the fields. Text that is no UTF-8 is replaced.
    text +=
        fmt::format("{}: {}\n", name,
                    json.at(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return text;
}

}  // namespace redline::planner
