#include "app/interrupt.h"

#include <signal.h>

namespace redline::app {
namespace {

std::atomic<bool> was_interrupted = false;

void OnInterrupt(int) {
  was_interrupted = true;
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace

const std::atomic<bool>& StopOnInterrupt() {
  ::signal(SIGINT, OnInterrupt);
  ::signal(SIGTERM, OnInterrupt);
  return was_interrupted;
}

}  // namespace redline::app
