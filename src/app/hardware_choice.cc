#include "app/hardware_choice.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

constexpr uint64_t kMaxHardwareBytes = 1 << 20;

Result<planner::HardwareSpec> HardwareOfFile(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxHardwareBytes));
  auto hardware = planner::HardwareFromYaml(text);
  if (!hardware.ok()) return hardware.status().WithContext(Excerpt(path.string()));
  return hardware;
}

// Kept files travel with home directories, and containers get other cores.
Status CheckIsThisMachine(const planner::HardwareSpec& hardware,
                          const std::filesystem::path& path) {
  const int cores = AvailableCpus();
  if (hardware.cpu && hardware.cpu->cores == cores) return OkStatus();
  return Status(
      Code::kFailedPrecondition,
      fmt::format("{} was measured with {} cores, but this process may use {}: run `redline doctor "
                  "--calibrate` again, or name the file itself",
                  path.string(), hardware.cpu ? hardware.cpu->cores : 0, cores),
      "hardware");
}

Result<planner::HardwareSpec> ThisMachine() {
  const std::filesystem::path path = ThisMachineFile();
  auto hardware = HardwareOfFile(path);
  if (hardware.status().code() == Code::kNotFound)
    return Status(
        Code::kFailedPrecondition,
        "--hardware this-machine: this machine has not been measured; run `redline doctor "
        "--calibrate`",
        "hardware");
  if (!hardware.ok()) return hardware;
  RL_RETURN_IF_ERROR(CheckIsThisMachine(*hardware, path));
  return hardware;
}

}  // namespace

std::filesystem::path ThisMachineFile() {
  return platform::DefaultDataDir() / "hardware" / "this-machine.yaml";
}

Result<planner::HardwareSpec> ChosenHardware(const std::string& name) {
  if (ToLower(name) == kThisMachine) return ThisMachine();
  if (name.ends_with(".yaml")) return HardwareOfFile(name);
  return planner::FindHardwareSpec(name);
}

}  // namespace redline::app
