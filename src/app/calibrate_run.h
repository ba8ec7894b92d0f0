// `redline calibrate run` and `check`: this machine's CPU engines, measured, and predictions held
// against what they do.
#pragma once

#include <vector>

#include "app/command.h"

namespace redline::app {

// Of both actions, beside those of the others.
std::vector<Flag> CalibrateRunFlags();
Status RunCpuCalibration(const Arguments& arguments);
Status RunCpuCheck(const Arguments& arguments);
// `redline calibrate fit FILE.yaml`: the costs again, from the points in the file.
Status RefitCpuCalibration(const Arguments& arguments);

}  // namespace redline::app
