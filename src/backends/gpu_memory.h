// The memory of one GPU under a resolved engine, from the model's shapes: what the weights take,
// what is left for the KV cache, how many tokens fit. Computed, not measured: buffers of
// communication libraries and the fragmentation of an allocator are not in it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/resolution.h"
#include "spec/hardware_profile.h"
#include "spec/model_spec.h"

namespace redline::backends {

struct GpuMemory {
  std::vector<MemoryTerm> terms;   // of one GPU: "weights", "kv_cache", "reserved"
  int64_t total_bytes = 0;         // of one GPU
  int64_t kv_bytes_per_token = 0;  // on one rank
  int64_t kv_tokens_of_rank = 0;   // 0: the weights do not fit
  int64_t kv_tokens = 0;           // over all data-parallel ranks
};

// `config` is the model's config.json. Any placement is taken, however absurd its sizes.
GpuMemory MemoryOfGpu(const spec::ModelSpec& model, const nlohmann::json& config,
                      const Placement& placement, const spec::HardwareProfile& hardware);

// Why the engine would not start on this hardware; "": nothing is known to be in the way.
std::string WhyItDoesNotFit(const GpuMemory& memory, const Placement& placement,
                            const spec::HardwareProfile& hardware);

}  // namespace redline::backends
