// When requests are sent in an open loop: times in seconds after the run's begin, decided by the
// seed and nothing that happens in the run. Pure functions.
//
// Random processes are rescaled so that the last of `count` arrivals is exactly where the rate puts
// it (count / rate; the end of the ramp): seeds then differ in their gaps and not in the load they
// offer, as vLLM's benchmark does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spec/workload_spec.h"

namespace redline::workload {

// `count` times in rising order. Empty for kClosed and kTrace, which have no schedule of their own.
std::vector<double> ArrivalTimes(const spec::ArrivalSpec& spec, size_t count, uint64_t seed);

}  // namespace redline::workload
