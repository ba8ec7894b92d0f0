#include "lab/report/differences.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "net/json_body.h"
#include "spec/json.h"

namespace redline::lab {
namespace {

using Fields = std::map<std::string, std::string>;

// Nested objects by dotted names; arrays stay whole.
void AppendFields(const std::string& name, const nlohmann::json& value, Fields& fields) {
  if (!value.is_object()) {
    fields[name] = value.is_string() ? value.get<std::string>() : spec::DumpJson(value);
    return;
  }
  for (const auto& [key, member] : value.items()) AppendFields(name + "." + key, member, fields);
}

Fields FieldsOf(const Measurement& measurement) {
  Fields fields = {{"tool", measurement.tool},
                   {"tool_version", measurement.tool_version},
                   {"target", measurement.target},
                   {"model", measurement.model},
                   {"api", measurement.api},
                   {"workload_name", measurement.workload_name},
                   {"seed", std::to_string(measurement.seed)},
                   {"dataset_hash", measurement.dataset_hash}};
  for (const auto& [name, value] : measurement.environment) fields["environment." + name] = value;
  if (measurement.workload.empty()) return fields;
  if (const auto workload = net::ParseJson(measurement.workload); workload.ok())
    AppendFields("workload", *workload, fields);
  return fields;
}

bool AllAlike(const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& value) { return value == values.front(); });
}

}  // namespace

std::vector<Difference> FindDifferences(NamedMeasurements measurements) {
  std::vector<std::string> missing(measurements.size(), "-");
  std::map<std::string, std::vector<std::string>> table;
  for (size_t i = 0; i < measurements.size(); ++i) {
    for (auto& [field, value] : FieldsOf(measurements[i].measurement)) {
      if (!value.empty()) table.try_emplace(field, missing).first->second[i] = value;
    }
  }
  std::vector<Difference> differences;
  for (auto& [field, values] : table) {
    if (!AllAlike(values)) differences.push_back({field, std::move(values)});
  }
  return differences;
}

}  // namespace redline::lab
