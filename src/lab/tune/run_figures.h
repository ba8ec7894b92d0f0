// From a measurement to what a trial keeps of it; and the part of a workload that a first look
// takes. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "lab/metrics/measurement.h"
#include "lab/tune/tune_options.h"
#include "planner/engines/engine_plan.h"
#include "spec/workload_spec.h"

namespace redline::lab {

// Those of docs/metrics.md that reports and goals use; what the run does not have is absent.
std::map<std::string, double> FiguresOf(const Measurement& measurement);

// A quarter of the requests, but enough that every place is taken twice.
spec::WorkloadSpec ShortOf(const spec::WorkloadSpec& workload);

// By the planner; nullopt when it says that no request can run.
std::optional<Forecast> ForecastOf(const planner::EnginePlan& plan,
                                   const spec::WorkloadSpec& workload, TuneGoal goal);

}  // namespace redline::lab
