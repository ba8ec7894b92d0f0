// Which requests' clients leave early (WorkloadSpec::abort_share): the same for the load generator
// and for the simulator.
#pragma once

#include <cstdint>

namespace redline::workload {

// Evenly spread over the requests, the same ones in every run.
inline bool IsAborted(uint32_t index, double abort_share) {
  return static_cast<double>((index + 1) * 0x9E3779B1u) < abort_share * 4294967296.0;
}

}  // namespace redline::workload
