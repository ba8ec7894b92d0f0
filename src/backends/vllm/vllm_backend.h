// vLLM as an engine that Redline starts and watches.
#pragma once

#include "backends/backend.h"

namespace redline::backends {

const Backend& VllmBackend();

}  // namespace redline::backends
