// The reference scenario's six workloads by name. Pure functions.
//
// As they were run there: every request at once (no rate, no limit on concurrency), greedy, answers
// of exactly the asked length.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/workload_spec.h"

namespace redline::workload {

// "sharegpt", "short", "medium", "long", "verylong", "generation".
std::vector<std::string> PresetNames();
// kNotFound, with the nearest name, for others.
Result<spec::WorkloadSpec> FindPreset(std::string_view name);

}  // namespace redline::workload
