// The CPUs of this node as the kernel tells them.
//
// Sources: /proc/cpuinfo; Documentation/ABI/stable/sysfs-devices-system-cpu (topology/) and
// sysfs-devices-node of the Linux kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/devices.h"

namespace redline::backends {

// "model name" of /proc/cpuinfo; "unknown CPU" when it says none.
std::string CpuModelIn(std::string_view cpuinfo);
// As CpuTopology::isa, of the first CPU.
std::vector<std::string> IsaIn(std::string_view cpuinfo);

CpuTopology ReadCpuTopology(const DeviceOptions& options);

}  // namespace redline::backends
