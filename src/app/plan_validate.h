// redline plan validate FILE: predictions beside measured runs.
#pragma once

#include "app/command.h"

namespace redline::app {

Status RunPlanValidate(const Arguments& arguments);

}  // namespace redline::app
