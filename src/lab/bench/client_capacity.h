// What the load generator could do on this machine, next to what a run asks of it.
#pragma once

#include "base/status.h"
#include "lab/load/load_result.h"

namespace redline::lab {

struct ClientCapacity {
  double cpu_us_per_request = 0;  // 0: not measured
  double cpu_us_per_event = 0;
  int num_threads = 1;

  // How many times the load of `run` the client could have carried, by the CPU time that requests
  // and events cost against the mock server; -1: not known.
  double HeadroomOver(const LoadResult& run) const;
};

// Two short runs against a mock server in this process: about half a second.
Result<ClientCapacity> MeasureClientCapacity(int num_threads);

}  // namespace redline::lab
