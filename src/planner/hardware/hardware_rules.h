// What must hold of a HardwareSpec before a plan is made of it.
#pragma once

#include "base/status.h"
#include "planner/hardware/hardware_spec.h"

namespace redline::planner {

constexpr int64_t kMostDevicesPerNode = 1024;
constexpr int64_t kMostNodes = 4096;
constexpr int64_t kMostCores = 100'000;

// kInvalidArgument with the field in `param`.
Status ValidateHardware(const HardwareSpec& hardware);

}  // namespace redline::planner
