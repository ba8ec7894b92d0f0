// The hardware that a command is told of: a name of the library, a YAML file, or the machine at
// hand.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "planner/hardware/hardware_spec.h"

namespace redline::app {

// What stands for the machine at hand in --hardware.
inline constexpr std::string_view kThisMachine = "this-machine";

// Where `redline doctor --calibrate` keeps what it measured, and "this-machine" is read from.
std::filesystem::path ThisMachineFile();

// "h200x8", "FILE.yaml", "this-machine". kFailedPrecondition with the remedy when the machine at
// hand was never measured, or when its CPU is another one by now.
Result<planner::HardwareSpec> ChosenHardware(const std::string& name);

}  // namespace redline::app
