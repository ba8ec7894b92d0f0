// What the kernel says of the calling thread.
#pragma once

namespace redline::lab {

struct ThreadUsage {
  double cpu_s = 0;
  double run_queue_wait_s = -1;  // ready, but waiting for a core; -1: unknown
};

ThreadUsage CurrentThreadUsage();

}  // namespace redline::lab
