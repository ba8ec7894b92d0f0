// What of the node an engine is given: a port, and GPUs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backends/backend.h"

namespace redline::platform {

// A port of the loopback interface that nobody listens on now; 0: none could be had. Another
// process may take it before the engine does: then the engine ends, and the next start has another
// one.
int64_t FreeLoopbackPort();

// The variables by which an engine sees its own GPUs and no other, counted as nvidia-smi does.
// Without any of its own it sees none, unless the deployment's environment says otherwise.
void ShareGpus(const std::vector<int64_t>& gpus, const backends::EngineFacts& engine,
               std::map<std::string, std::string>& environment);

}  // namespace redline::platform
