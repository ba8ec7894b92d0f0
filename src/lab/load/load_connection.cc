#include "lab/load/load_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "lab/arrival_clock.h"

namespace redline::lab {

bool LoadConnection::Open(const TargetAddress& target) {
  fd = UniqueFd(socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return false;
  const int on = 1;
  if (target.storage.ss_family != AF_UNIX)
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ArrivalClock::Enable(fd.get());
  state = State::kConnecting;
  watches_writable = true;
  if (connect(fd.get(), target.get(), target.size) == 0 || errno == EINPROGRESS) return true;
  const int error = errno;
  Close();
  errno = error;
  return false;
}

LoadConnection::SendResult LoadConnection::Send() {
  while (num_sent < out.size()) {
    const ssize_t size = send(fd.get(), out.data() + num_sent, out.size() - num_sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return SendResult::kPart;
    if (size < 0) return SendResult::kFailed;
    num_sent += static_cast<size_t>(size);
  }
  return SendResult::kAll;
}

void LoadConnection::Close() {
  fd.Reset();
  state = State::kClosed;
}

}  // namespace redline::lab
