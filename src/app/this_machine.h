// `redline doctor --calibrate`: this machine as hardware, measured.
#pragma once

#include "app/command.h"
#include "base/status.h"

namespace redline::app {

// Measures for about ten seconds on all CPUs that this process may use, writes --out (by default
// where --hardware this-machine is read from) and says what came out.
Status RunCalibration(const Arguments& arguments);

}  // namespace redline::app
