// `redline serve --bench-kernels`: the native engine's kernels on this machine.
#pragma once

#include <vector>

#include "app/command.h"

namespace redline::app {

// --bench-kernels and the flags that belong to it.
std::vector<Flag> BenchKernelsFlags();

// Measures and prints. `serve_flags`: names of all flags of `redline serve`, of which most say
// nothing here and are refused.
Status RunBenchKernels(const Arguments& arguments, const std::vector<Flag>& serve_flags);

}  // namespace redline::app
