// A node whose devices are not there: what the server is told of it, and what stands for its
// engines.
#pragma once

#include <string>

#include "platform/agent/preparation.h"
#include "platform/roles.h"
#include "spec/deployment.h"

namespace redline::platform {

// What the server is told with each heartbeat.
spec::Worker DescribeVirtualWorker(const VirtualNode& node, const std::string& worker_id);

// The program that takes the engine's own command line: `self simulate --as ENGINE ... --`. Nothing
// is fetched or installed; the model's name, or the path that was given, stands for its files.
Prepared PrepareVirtual(const VirtualNode& node, const spec::Assignment& assignment,
                        const std::string& self);

}  // namespace redline::platform
