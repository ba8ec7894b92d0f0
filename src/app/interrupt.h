// SIGINT and SIGTERM as a request to end early: what was measured so far is still reported. A
// second one ends the process.
#pragma once

#include <atomic>

namespace redline::app {

// Takes over both; what it returns lives as long as the process and becomes true at the first one.
const std::atomic<bool>& StopOnInterrupt();

}  // namespace redline::app
