// For threads that stamp and send: short work at exact times.
#pragma once

namespace redline::lab {

// Asks the kernel to run the calling thread soon after it is woken, and to end its waits on time.
// Each wish is granted or not by what the kernel and the process's rights allow: what is missing
// shows in LoadHealth.
void PreferLowLatency();

}  // namespace redline::lab
