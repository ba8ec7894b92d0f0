#pragma once

namespace redline::platform {

// The component of the agent's lines in the log.
inline constexpr char kAgentLog[] = "agent";

}  // namespace redline::platform
