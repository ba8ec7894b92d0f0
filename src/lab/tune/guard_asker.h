// Asks a server the guard's questions (guard.h), greedily.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/tune/trial.h"

namespace redline::lab {

// Chats at `url` ("http://127.0.0.1:8000", "unix:/path.sock"). Log-probs are asked for, and left
// out by servers that refuse them. kUnavailable: no answer; kFailedPrecondition: a refusal;
// kCancelled. Blocking.
Result<std::vector<GuardAnswer>> AskGuardPrompts(const std::string& url, const std::string& model,
                                                 double seconds_each,
                                                 const std::atomic<bool>* stop);

}  // namespace redline::lab
