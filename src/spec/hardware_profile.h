// HardwareProfile: the devices of one node, as far as an engine's decisions depend on them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::spec {

struct HardwareProfile {
  std::string name;            // "H200x8"
  std::string gpu;             // as the driver names it: "NVIDIA H200"
  int compute_capability = 0;  // 90 for 9.0
  int64_t gpu_memory_mib = 0;  // as nvidia-smi shows it
  int num_gpus = 0;
};

// A published one by name, in any case: H200x8, H100x8, B200x8, A100x8, L40x8, L40x1, RTX4090x1.
// Any count of a known GPU is good ("H200x4"). kInvalidArgument with the nearest name.
Result<HardwareProfile> FindHardwareProfile(std::string_view name);

}  // namespace redline::spec
