// AMD's GPUs, as the kernel's amdgpu driver and its compute part (KFD) tell of them in sysfs.
//
// Sources: Documentation/gpu/amdgpu/driver-misc.rst and the amdkfd topology of the Linux kernel;
// names where the board has none: libdrm's data/amdgpu.ids.
#pragma once

#include <filesystem>
#include <vector>

#include "backends/devices/devices.h"

namespace redline::backends {

struct AmdGpus {
  std::vector<GpuDevice> gpus;  // in KFD's order, which HIP counts by
  std::vector<DeviceProblem> problems;
};

// One device for each GPU with memory of its own that KFD lists. One that KFD does not list is a
// problem; one that is partitioned (DPX, CPX...) is both a device and a problem.
AmdGpus ReadAmdGpus(const std::filesystem::path& sysfs_root);

}  // namespace redline::backends
