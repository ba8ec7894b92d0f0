#include "lab/report/configurations.h"

#include <map>
#include <string>
#include <utility>

#include "base/strings.h"

namespace redline::lab {
namespace {

// Numbers that the server tells of itself may be counters.
bool IsNumber(const std::string& text) { return ParseDouble(text).has_value(); }

std::string ServerKey(const Measurement& measurement) {
  std::string key = measurement.tool + '\n' + measurement.model + '\n' + measurement.target + '\n' +
                    measurement.api;
  for (const auto& [name, value] : measurement.environment) {
    const bool is_servers = name.starts_with("server.") || name.starts_with("engine.");
    if (is_servers && !IsNumber(value)) key += '\n' + name + '=' + value;
  }
  return key;
}

}  // namespace

std::vector<size_t> ConfigurationsOf(NamedMeasurements measurements) {
  std::map<std::string, size_t> times_seen;
  std::map<std::pair<std::string, size_t>, size_t> number_of;
  std::vector<size_t> numbers;
  for (const auto& [name, measurement] : measurements) {
    const std::string server = ServerKey(measurement);
    const std::string load = measurement.workload_name + '\n' + measurement.workload;
    const size_t turn = times_seen[server + '\n' + load]++;
    numbers.push_back(number_of.try_emplace({server, turn}, number_of.size()).first->second);
  }
  return numbers;
}

}  // namespace redline::lab
