// `redline plan --hardware this-machine`: what the CPU engines would do here, by their
// calibrations.
#pragma once

#include "app/command.h"

namespace redline::app {

// Whether --hardware names a CPU.
bool IsForCpu(const Arguments& arguments);
// The configuration after --, or a search over the engines' choices.
Status RunCpuPlan(const Arguments& arguments);

}  // namespace redline::app
