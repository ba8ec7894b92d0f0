// What has to hold on a node before an engine is worth starting, so that a start which cannot
// succeed is an error with its arithmetic and not a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/devices/devices.h"
#include "base/status.h"

namespace redline::platform {

// What is known; a check whose facts are not known is left out.
struct PreflightFacts {
  std::string engine;  // "vllm@0.13.0"

  int64_t download_bytes = 0;         // of the model's files, that are still missing
  std::optional<int64_t> disk_bytes;  // free where they go
  std::string disk_path;

  int64_t memory_bytes = 0;  // of the host, that the engine takes; 0: not known
  std::optional<int64_t> available_memory_bytes;

  std::vector<int64_t> gpus;  // its own, by index; empty: it runs on the CPU
  int64_t gpu_bytes = 0;      // that it takes of each; 0: not known
  std::optional<backends::NodeDevices> devices;
  std::string built_for;    // what the engine was installed for: "cpu"; "": not known
  std::string needed_cuda;  // "12.0"; "": not known

  std::optional<int64_t> port;  // to listen on; 0: none is free
};

// Pure. kFailedPrecondition with everything that is in the way: "PREFLIGHT: ...; ...".
Status Preflight(const PreflightFacts& facts);

}  // namespace redline::platform
