// Parameters, log markers and failure lines of `redline serve`, as data. The names, domains and
// defaults are those of engine/api's options; a test in app/ holds the two together.
#pragma once

#include "backends/backend.h"

namespace redline::backends {

const ParameterSchema& NativeSchema();
const EngineFacts& NativeFacts();

}  // namespace redline::backends
