// What SGLang 0.5.6.post2 will run, given its arguments: ServerArgs.__post_init__ and
// check_server_args, followed step by step.
#pragma once

#include "backends/resolution.h"

namespace redline::backends::sglang {

EngineResolver Resolver();

}  // namespace redline::backends::sglang
