// The caches of the CPUs that this process may use, as Linux describes them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace redline::engine {

struct CpuCaches {
  int64_t l1_bytes = 32 << 10;          // of one core, data
  int64_t l2_bytes = 512 << 10;         // of one core
  int64_t last_level_bytes = 32 << 20;  // of all the cores together
};

// From /sys; what it does not say keeps the values above. `root` is for tests.
CpuCaches ReadCpuCaches(const std::filesystem::path& root = "/sys/devices/system/cpu");

}  // namespace redline::engine
