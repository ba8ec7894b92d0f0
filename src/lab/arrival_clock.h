// When bytes arrived, by the kernel's own stamp (SO_TIMESTAMPNS): a thread that reads late, for
// want of a core or because other connections came first, still learns the true time. Bytes that
// one call reads have the stamp of the last of them. Sockets without stamps (Unix ones) give the
// time of reading. One owner thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace redline::lab {

struct Arrival {
  ssize_t size = 0;        // as recv() says, and errno with it
  int64_t arrived_ns = 0;  // CLOCK_MONOTONIC; never after read_ns
  int64_t read_ns = 0;
};

class ArrivalClock {
 public:
  ArrivalClock() { Calibrate(); }

  // Asks the kernel to stamp what this socket receives.
  static void Enable(int fd);
  // The kernel's stamps are CLOCK_REALTIME, which is slewed and set: to be called a few times each
  // second.
  void Calibrate();
  Arrival Receive(int fd, char* buffer, size_t size) const;

 private:
  int64_t real_minus_monotonic_ns_ = 0;
};

}  // namespace redline::lab
