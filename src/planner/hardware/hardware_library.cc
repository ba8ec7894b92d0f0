// The files of hardware/, and names such as "2xH200x8".
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/strings.h"
#include "embedded/hardware_files.h"
#include "planner/hardware/hardware_rules.h"
#include "planner/hardware/hardware_spec.h"

namespace redline::planner {
namespace {

// Read once. A file that is not as it should be is not there; a test holds that all are.
const std::vector<HardwareSpec>& Library() {
  static const std::vector<HardwareSpec> library = [] {
    std::vector<HardwareSpec> devices;
    for (const EmbeddedFile& file : embedded::hardware_files()) {
      if (file.path.find('/') != std::string_view::npos) continue;  // kernels and calibrations
      const auto hardware = HardwareFromYaml(file.data);
      if (hardware.ok()) devices.push_back(*hardware);
    }
    return devices;
  }();
  return library;
}

struct NodeCounts {
  int64_t num_nodes = 1;
  int64_t devices_per_node = 1;
};

// Takes "2x" off the beginning, where it is there.
int64_t TakeNodes(std::string_view& name) {
  const size_t end = name.find('x');
  if (end == std::string_view::npos) return 1;
  const auto nodes = ParseInt64(name.substr(0, end));
  if (nodes) name.remove_prefix(end + 1);
  return nodes.value_or(1);
}

// The counts of "2xh200x8" when it names `device`. A device's name may have an "x" itself, so the
// name is compared before the counts are read.
std::optional<NodeCounts> CountsOf(std::string_view name, std::string_view device) {
  NodeCounts counts{.num_nodes = TakeNodes(name)};
  if (!name.starts_with(device)) return std::nullopt;
  name.remove_prefix(device.size());
  if (name.empty()) return counts;
  const auto devices = name[0] == 'x' ? ParseInt64(name.substr(1)) : std::nullopt;
  if (!devices) return std::nullopt;
  counts.devices_per_node = *devices;
  return counts;
}

// What is likely meant for a device, for the nearest name.
std::string DeviceIn(std::string_view name) {
  TakeNodes(name);
  const size_t last = name.rfind('x');
  const bool has_count = last != std::string_view::npos && ParseInt64(name.substr(last + 1));
  return std::string(has_count && last > 3 ? name.substr(0, last) : name);
}

Status UnknownHardware(std::string_view name) {
  std::vector<std::string> devices;
  for (const std::string& device : HardwareNames()) devices.push_back(ToLower(device));
  return InvalidArgument(
      fmt::format("hardware \"{}\" is not known; it is a device and a count such as H200x8, for "
                  "several nodes 2xH200x8, with one of {}{}",
                  Excerpt(name), Join(HardwareNames(), ", "),
                  DidYouMean(DeviceIn(ToLower(name)), devices)),
      "hardware");
}

}  // namespace

std::vector<std::string> HardwareNames() {
  std::vector<std::string> names;
  for (const HardwareSpec& hardware : Library()) names.push_back(hardware.name);
  std::sort(names.begin(), names.end());
  return names;
}

Result<HardwareSpec> FindHardwareSpec(std::string_view name) {
  const std::string wanted = ToLower(Trim(name));
  for (const HardwareSpec& device : Library()) {
    const auto counts = CountsOf(wanted, ToLower(device.name));
    if (!counts) continue;
    HardwareSpec hardware = device;
    hardware.num_nodes = counts->num_nodes;
    hardware.devices_per_node = counts->devices_per_node;
    RL_RETURN_IF_ERROR(ValidateHardware(hardware).WithContext(Excerpt(name)));
    return hardware;
  }
  return UnknownHardware(name);
}

}  // namespace redline::planner
