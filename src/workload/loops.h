// The two commonest ways to send a workload's requests. Pure functions.
#pragma once

#include <cstdint>

#include "spec/workload_spec.h"

namespace redline::workload {

// `concurrency` requests in flight, the next when one ends.
inline void CloseLoop(int64_t concurrency, spec::WorkloadSpec& workload) {
  workload.arrivals = {};
  workload.concurrency = concurrency;
}

// Poisson, whatever is in flight.
inline void OpenLoop(double requests_per_second, spec::WorkloadSpec& workload) {
  workload.arrivals = {};
  workload.arrivals.process = spec::ArrivalSpec::Process::kPoisson;
  workload.arrivals.rate = requests_per_second;
  workload.concurrency = 0;
}

}  // namespace redline::workload
