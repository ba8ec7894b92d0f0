#include "lab/report/configurations.h"

#include <map>
#include <string>

namespace redline::lab {
namespace {

std::string ConfigurationKey(const Measurement& measurement) {
  std::string key = measurement.tool + '\n' + measurement.model + '\n' + measurement.target + '\n' +
                    measurement.api;
  for (const auto& [name, value] : measurement.environment) {
    if (name.starts_with("engine")) key += '\n' + name + '=' + value;
  }
  return key;
}

}  // namespace

std::vector<size_t> ConfigurationsOf(NamedMeasurements measurements) {
  std::map<std::string, size_t> number_of;
  std::vector<size_t> numbers;
  for (const NamedMeasurement& named : measurements) {
    const auto entry = number_of.try_emplace(ConfigurationKey(named.measurement), number_of.size());
    numbers.push_back(entry.first->second);
  }
  return numbers;
}

}  // namespace redline::lab
