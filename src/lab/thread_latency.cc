#include "lab/thread_latency.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace redline::lab {
namespace {

// The kernel's struct sched_attr, which glibc does not declare.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;  // the usual one
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;  // from Linux 6.12 on: a short slice means an early turn
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

bool Ask(int nice) {
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime_ns = 100'000;
  return syscall(SYS_sched_setattr, 0, &attributes, 0u) == 0;
}

}  // namespace

void PreferLowLatency() {
  constexpr int kPreferred = -10;
  prctl(PR_SET_TIMERSLACK, 1);
  if (!Ask(kPreferred)) Ask(0);  // a nice value below 0 needs a right
}

}  // namespace redline::lab
