// A workload for a smaller (or larger) machine. Pure functions.
#pragma once

#include "base/status.h"
#include "spec/workload_spec.h"

namespace redline::workload {

// `scale` times the requests, the concurrency and the rates: the machine is as busy, for as long,
// as one 1/scale times as fast is by the full workload. Counts stay at least 1; lengths stay.
// kInvalidArgument when the number of requests is the dataset's to say, or scale is not in (0,
// 1000].
Result<spec::WorkloadSpec> Scale(const spec::WorkloadSpec& spec, double scale);

// `scale` times all lengths: prompts, answers, prefixes, and the blocks of a Mooncake trace.
Result<spec::WorkloadSpec> ScaleLengths(const spec::WorkloadSpec& spec, double scale);

}  // namespace redline::workload
