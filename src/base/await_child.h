// Waiting for a child process that may be given up.
#pragma once

#include <sys/types.h>

#include <functional>
#include <stop_token>

#include "base/status.h"

namespace redline {

// Waits for a child that leads a session of its own (SpawnOptions::new_session) and returns its
// wait status. Calls `tick` about ten times a second. When told to stop, kills the child's group
// and returns kCancelled. `name` is for messages: "pip".
Result<int> AwaitChild(pid_t pid, const std::string& name, const std::stop_token& stop,
                       const std::function<void()>& tick);

}  // namespace redline
