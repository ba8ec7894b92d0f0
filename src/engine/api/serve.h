// `redline serve`: one model on one socket, from start to the end of the process.
#pragma once

#include "base/status.h"
#include "engine/api/serve_options.h"

namespace redline::engine {

// Opens the model's files (a damaged or unknown model ends here), then the socket, then loads;
// while it loads, /health answers 503. Runs until SIGTERM or SIGINT: then /health turns 503, new
// requests are refused, those in flight have 30 s; a second signal ends them at once.
//
// On its log, in a form that other programs follow: "loading: NN%" and "ready: listening on URL"
// ("http://127.0.0.1:8000" or "unix:/path").
//
// Ok after a shutdown in which every request ended by itself; kCancelled when some were cut off.
Status ServeMain(const ServeOptions& options);

}  // namespace redline::engine
