// From a measurement to what a trial keeps of it; and the part of a workload that a first look
// takes. Pure functions.
#pragma once

#include <map>
#include <string>

#include "lab/metrics/measurement.h"
#include "spec/workload_spec.h"

namespace redline::lab {

// Those of docs/metrics.md that reports and goals use; what the run does not have is absent.
std::map<std::string, double> FiguresOf(const Measurement& measurement);

// A quarter of the requests, but enough that every place is taken twice.
spec::WorkloadSpec ShortOf(const spec::WorkloadSpec& workload);

}  // namespace redline::lab
