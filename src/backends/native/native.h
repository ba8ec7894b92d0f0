// The native engine, `redline serve`.
#pragma once

#include "backends/backend.h"

namespace redline::backends {

const Backend& NativeBackend();

}  // namespace redline::backends
