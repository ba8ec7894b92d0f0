#include "lab/metrics/environment.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "spec/json.h"

namespace redline::lab {
namespace {

constexpr size_t kMostServerFields = 500;
constexpr size_t kMostTextBytes = 200;

std::string TextOf(const std::string& path) {
  const auto text = ReadFile(path);
  return text.ok() ? std::string(Trim(*text)) : std::string();
}

// The value of the first line "NAME : value".
std::string FieldOf(const std::string& text, std::string_view name) {
  for (const std::string& line : Split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || Trim(line.substr(0, colon)) != name) continue;
    return std::string(Trim(std::string_view(line).substr(colon + 1)));
  }
  return "";
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// "2 x NVIDIA H200, 1 x ...", from the driver's own files.
std::string Gpus(const std::string& root) {
  std::map<std::string, int> counts;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(root + "/proc/driver/nvidia/gpus", error)) {
    const std::string model = FieldOf(TextOf(entry.path().string() + "/information"), "Model");
    if (!model.empty()) ++counts[model];
  }
  std::vector<std::string> parts;
  for (const auto& [model, count] : counts) parts.push_back(fmt::format("{} x {}", count, model));
  return Join(parts, ", ");
}

std::string Kernel() {
  struct utsname names {};
  if (::uname(&names) != 0) return "";
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

void AddScalar(const std::string& name, const nlohmann::json& value, Environment& environment) {
  if (value.is_structured() || value.is_null()) return;
  const std::string text = value.is_string() ? value.get<std::string>() : spec::DumpJson(value);
  environment[Excerpt(name, kMostTextBytes)] = Excerpt(text, kMostTextBytes);
}

void AddScalars(const nlohmann::json& object, const std::string& prefix, Environment& environment) {
  size_t num_left = kMostServerFields;
  for (const auto& [key, value] : object.items()) {
    if (num_left-- == 0) return;
    AddScalar(prefix + key, value, environment);
  }
}

// Of the native engine's top level: what is no counter.
constexpr std::pair<const char*, const char*> kNativeFields[] = {
    {"engine", "engine"},
    {"version", "engine.version"},
    {"model_path", "engine.model_path"},
    {"isa", "engine.isa"}};

}  // namespace

Environment CollectEnvironment(const std::string& root) {
  const std::string cpu_info = TextOf(root + "/proc/cpuinfo");
  const std::string frequency = root + "/sys/devices/system/cpu/cpu0/cpufreq/";
  Environment environment = {
      {"cpu", FieldOf(cpu_info, "model name")},
      {"cpu_mhz", FieldOf(cpu_info, "cpu MHz")},
      {"cpus", std::to_string(AvailableCpus())},
      {"governor", TextOf(frequency + "scaling_governor")},
      {"kernel", Kernel()},
      {"load_average", TextOf(root + "/proc/loadavg")},
      {"memory", FormatBytes(TotalMemoryBytes())},
      {"nvidia_driver", FirstLine(TextOf(root + "/proc/driver/nvidia/version"))},
      {"gpus", Gpus(root)}};
  std::erase_if(environment, [](const auto& entry) { return entry.second.empty(); });
  return environment;
}

void AddServerInfo(std::string_view json_text, Environment& environment) {
  const auto parsed = net::ParseJsonObject(json_text);
  if (!parsed.ok()) return;
  const auto resolved = parsed->find("resolved");
  if (resolved == parsed->end() || !resolved->is_object())
    return AddScalars(*parsed, "server.", environment);
  AddScalars(*resolved, "engine.", environment);
  for (const auto& [key, name] : kNativeFields) {
    if (parsed->contains(key)) AddScalar(name, parsed->at(key), environment);
  }
}

}  // namespace redline::lab
