#include "lab/load/thread_usage.h"

#include <time.h>

#include <fstream>

namespace redline::lab {

ThreadUsage CurrentThreadUsage() {
  ThreadUsage usage;
  timespec cpu = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  usage.cpu_s = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9;
  // "NANOSECONDS_ON_CPU NANOSECONDS_WAITING TIMESLICES"
  std::ifstream file("/proc/thread-self/schedstat");
  double on_cpu_ns = 0;
  double waiting_ns = 0;
  if (file >> on_cpu_ns >> waiting_ns) usage.run_queue_wait_s = waiting_ns * 1e-9;
  return usage;
}

}  // namespace redline::lab
