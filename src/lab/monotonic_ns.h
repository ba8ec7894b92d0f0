// The lab's clock: nanoseconds of CLOCK_MONOTONIC, the same in every process of the machine. Read
// through the vDSO, without a system call.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace redline::lab {

inline int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(MonotonicNow().time_since_epoch())
      .count();
}

}  // namespace redline::lab
