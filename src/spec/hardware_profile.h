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

// GPUs of one model, as their driver tells of them. 0: it does not.
struct ReportedGpus {
  std::string_view name;  // "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-80GB"
  int64_t compute_capability = 0;
  int64_t memory_bytes = 0;  // of each, all of it
  int64_t count = 0;
};

// The known GPU that these are a variant of ("NVIDIA H100 PCIe" is an H100; one with less memory is
// not), with the memory that was reported; else a profile of what was reported, under the driver's
// name. kFailedPrecondition when that does not suffice for an engine's decisions.
Result<HardwareProfile> HardwareProfileOf(const ReportedGpus& gpus);

// Without the count: "H200" of "H200x8".
std::string GpuOf(const HardwareProfile& hardware);

}  // namespace redline::spec
