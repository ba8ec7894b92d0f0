// HardwareProfile: the devices of one node, as far as an engine's decisions depend on them.
#pragma once

#include <cstdint>
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

// A known GPU and how many of them, in any case: "H200x8", "h100x4", "RTX4090x1"; a GPU alone is
// one of it. kInvalidArgument with the nearest name.
Result<HardwareProfile> FindHardwareProfile(std::string_view name);

}  // namespace redline::spec
