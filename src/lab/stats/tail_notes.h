// What a result's tail percentiles are worth, in sentences for its reader. Pure.
#pragma once

#include <string>
#include <vector>

#include "lab/metrics/measurement.h"

namespace redline::lab {

// One sentence for each p99 of ttft_ms and e2e_ms: the value that it is below (tail_bound.h), or
// that there are too few requests to say so. None where a result keeps no values of its requests.
std::vector<std::string> TailNotes(const Measurement& measurement);

}  // namespace redline::lab
