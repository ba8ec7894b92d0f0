// This machine as the chooser of profiles sees it.
#pragma once

#include "platform/catalog/choose.h"

namespace redline::app {

platform::Node ThisNode();

}  // namespace redline::app
