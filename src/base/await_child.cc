#include "base/await_child.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace redline {

Result<int> AwaitChild(pid_t pid, const std::string& name, const std::stop_token& stop,
                       const std::function<void()>& tick) {
  constexpr auto kPeriod = std::chrono::milliseconds(100);
  while (true) {
    int wait_status = 0;
    const pid_t ended = ::waitpid(pid, &wait_status, WNOHANG);
    if (ended == pid) return wait_status;
    if (ended < 0 && errno != EINTR) return ErrnoStatus("cannot wait for " + name, errno);
    if (stop.stop_requested()) {
      ::kill(-pid, SIGKILL);  // its own session: helpers included
      ::waitpid(pid, nullptr, 0);
      return Status(Code::kCancelled, "cancelled");
    }
    tick();
    std::this_thread::sleep_for(kPeriod);
  }
}

}  // namespace redline
