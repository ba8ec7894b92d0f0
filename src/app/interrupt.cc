#include "app/interrupt.h"

#include <signal.h>

namespace redline::app {
namespace {

std::atomic<bool> interrupted = false;

void OnInterrupt(int) {
  interrupted = true;
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace

const std::atomic<bool>& StopOnInterrupt() {
  ::signal(SIGINT, OnInterrupt);
  ::signal(SIGTERM, OnInterrupt);
  return interrupted;
}

}  // namespace redline::app
