// What this node is, for the server's scheduler and for people.
#pragma once

#include <filesystem>
#include <string>

#include "backends/devices/devices.h"
#include "base/status.h"
#include "spec/deployment.h"

namespace redline::platform {

// The worker's id, kept in `path` (created with a new one). kDataLoss: damaged, and says so.
Result<std::string> LoadOrCreateWorkerId(const std::filesystem::path& path);

// Everything the server is told with each heartbeat.
spec::Worker DescribeWorker(const std::string& worker_id, const backends::NodeDevices& devices);

}  // namespace redline::platform
