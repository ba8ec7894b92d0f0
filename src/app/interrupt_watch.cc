#include "app/interrupt_watch.h"

#include <signal.h>

namespace redline::app {

InterruptWatch::InterruptWatch(std::stop_source source) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([set, source](std::stop_token stop) mutable {
    const timespec tick = {0, 100'000'000};
    while (!stop.stop_requested()) {
      if (::sigtimedwait(&set, nullptr, &tick) > 0) source.request_stop();
    }
  });
}

}  // namespace redline::app
