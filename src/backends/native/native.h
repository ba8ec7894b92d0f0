// The native engine, `redline serve`.
#pragma once

#include "backends/backend.h"

namespace redline::backends {

const Backend& NativeBackend();

// "--chunked-prefill-size 512" as parameters of the native engine. kInvalidArgument for words that
// are none of its flags.
Result<spec::Parameters> NativeParametersOf(const std::vector<std::string>& words);

}  // namespace redline::backends
