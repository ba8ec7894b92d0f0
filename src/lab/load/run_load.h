// The load generator: sends a plan's requests to a server and tells what it saw. One thread for
// each core, each with its own connections; a request is stamped when its bytes leave and when
// those of its answer are read.
//
// Open loop: requests go out at their intended times whatever the server does (no coordinated
// omission); connections are opened as needed and kept. Closed loop: `concurrency` places, each
// with a request, or with a session that keeps it through its pauses. A session's next turn follows
// however the last one ended. Requests that fail are counted by kind and not sent again, except
// once where a connection had been idle so long that the server closed it just before.
#pragma once

#include "base/status.h"
#include "lab/load/load_options.h"
#include "lab/load/load_result.h"

namespace redline::lab {

// Blocks until every request has its outcome, or the run is stopped. Failures of requests are no
// failure of the run. kInvalidArgument: an option is outside its domain. kUnavailable: the host has
// no address. kResourceExhausted: more connections are needed than descriptors may be open.
Result<LoadResult> RunLoad(const LoadOptions& options);

}  // namespace redline::lab
