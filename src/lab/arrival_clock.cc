#include "lab/arrival_clock.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "lab/monotonic_ns.h"

namespace redline::lab {
namespace {

// A stamp older than this is one of another clock: CLOCK_REALTIME has been set meanwhile.
constexpr int64_t kMaxDelayNs = 10'000'000'000;

int64_t ToNs(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

int64_t RealtimeNs() {
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return ToNs(time);
}

}  // namespace

void ArrivalClock::Enable(int fd) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

void ArrivalClock::Calibrate() {
  int64_t least_ns = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < 3; ++i) {  // the try that was interrupted least
    const int64_t before_ns = MonotonicNs();
    const int64_t real_ns = RealtimeNs();
    const int64_t after_ns = MonotonicNs();
    if (after_ns - before_ns >= least_ns) continue;
    least_ns = after_ns - before_ns;
    real_minus_monotonic_ns_ = real_ns - before_ns - least_ns / 2;
  }
}

Arrival ArrivalClock::Receive(int fd, char* buffer, size_t size) const {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  iovec part = {.iov_base = buffer, .iov_len = size};
  msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  Arrival arrival;
  arrival.size = recvmsg(fd, &message, 0);
  arrival.read_ns = arrival.arrived_ns = MonotonicNs();
  if (arrival.size <= 0) return arrival;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS)
    return arrival;
  timespec stamp;
  std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
  const int64_t stamp_ns = ToNs(stamp) - real_minus_monotonic_ns_;
  if (stamp_ns > arrival.read_ns - kMaxDelayNs)
    arrival.arrived_ns = std::min(stamp_ns, arrival.read_ns);
  return arrival;
}

}  // namespace redline::lab
