// Finding and ending the processes of a launch. Reads /proc; no state.
#pragma once

#include <string>

#include "backends/launch/launch_files.h"

namespace redline::backends {

inline constexpr char kLaunchTagVariable[] = "REDLINE_LAUNCH";

// Sends a signal to this very process and never to another that got its pid since. `value` travels
// along (siginfo's si_int). False: it is gone.
bool SignalProcess(const ProcessName& process, int signal_number, int value = 0);

// Kills (SIGKILL) and reaps every descendant of the calling process, which must be a subreaper, so
// that no process can leave its tree.
void KillDescendants();

// Kills every process whose environment carries this tag. For the remains of a launch whose shim
// was killed: returns when none is left, or after a second. The number killed.
int KillTagged(const std::string& launch_tag);

}  // namespace redline::backends
