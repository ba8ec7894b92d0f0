// The flags that say what is measured: shared by `bench` and `sweep`.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "lab/bench/bench_options.h"

namespace redline::app {

std::vector<Flag> BenchFlags();
// Without --url the platform that runs here is measured, through its gateway. Errors name the flag.
Result<lab::BenchOptions> BenchOptionsOf(const Arguments& arguments);
// The workload alone: --workload with what --scale, --requests, --concurrency, --rate make of it.
Result<spec::WorkloadSpec> WorkloadOf(const Arguments& arguments);

// "redline bench --workload short ...", as it was typed, keys left out.
std::string CommandLineOf(const std::string& command, const Arguments& arguments,
                          const std::vector<Flag>& flags);

}  // namespace redline::app
