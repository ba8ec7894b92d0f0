// What this node is, for the server's scheduler and for people.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/deployment.h"

namespace redline::platform {

// "model name" of /proc/cpuinfo; "unknown CPU" when it says none.
std::string CpuModelIn(std::string_view cpuinfo);
// Instruction sets that matter to the engine: "avx2", "avx512", "avx512_vnni", "avx512_bf16",
// "amx".
std::vector<std::string> IsaIn(std::string_view cpuinfo);

// The worker's id, kept in `path` (created with a new one). kDataLoss: damaged, and says so.
Result<std::string> LoadOrCreateWorkerId(const std::filesystem::path& path);

// Everything the server is told with each heartbeat.
spec::Worker DescribeWorker(const std::string& worker_id);

}  // namespace redline::platform
