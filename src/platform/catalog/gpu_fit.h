// What an engine that is not built in would be on the GPUs of a node: what it makes of its command
// line, the GPUs it takes, their memory. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"
#include "platform/catalog/catalog.h"

namespace redline::platform {

struct GpuFit {
  // `arguments` and `environment` with what Redline adds to them; `resolved` is what the engine
  // makes of them, and no part of its command line.
  spec::EngineConfig engine;
  spec::GpuClaim claim;
  std::vector<backends::MemoryTerm> terms;  // of all GPUs it takes; empty: not known
  int64_t available_bytes = 0;              // on as many GPUs
  std::string obstacle;                     // why it would not start; "": nothing is known
  std::vector<std::string> why;             // sentences
};

// Whether this version installs and drives the engine for GPUs; the others run on the CPU.
bool RunsOnGpus(std::string_view engine);

// `hardware`: the GPUs that nobody has claimed. kInvalidArgument, with the flag as its parameter,
// when the engine would refuse its arguments. An engine version, model or GPU that no resolver
// knows has its arguments checked by the engine's own table, and no memory terms.
Result<GpuFit> FitOnGpus(const CatalogEntry& entry, const spec::EngineConfig& config,
                         const backends::HardwareFacts& hardware);

// Scalar fields by name, those of nested objects as "group.name".
spec::Parameters FlattenResolved(const nlohmann::json& resolved);

}  // namespace redline::platform
