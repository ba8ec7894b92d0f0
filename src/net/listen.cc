#include "net/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/http_server.h"

namespace redline::net {
namespace {

constexpr int kBacklog = 1024;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<SocketAddress> TcpAddress(const std::string& address, int port) {
  if (port < 0 || port > 65535)
    return InvalidArgument(fmt::format("port must be 0 to 65535, got {}", port), "port");
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    out.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    out.size = sizeof(sockaddr_in6);
  } else {
    return InvalidArgument(
        fmt::format("the listening address must be an IP address, got \"{}\"", address), "host");
  }
  return out;
}

Result<SocketAddress> UnixAddress(const std::filesystem::path& path) {
  SocketAddress out;
  auto* local = reinterpret_cast<sockaddr_un*>(&out.storage);
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof local->sun_path) {
    return InvalidArgument(fmt::format("the socket path {} has {} bytes; the limit is {}", text,
                                       text.size(), sizeof local->sun_path - 1));
  }
  local->sun_family = AF_UNIX;
  memcpy(local->sun_path, text.c_str(), text.size() + 1);
  out.size = sizeof(sockaddr_un);
  return out;
}

Result<UniqueFd> OpenSocket(int family) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus("socket", errno);
  return fd;
}

// Whether somebody answers at a socket path that exists.
bool IsServed(SocketAddress& address) {
  auto probe = OpenSocket(AF_UNIX);
  if (!probe.ok()) return true;
  return connect(probe->get(), address.get(), address.size) == 0 || errno == EAGAIN;
}

}  // namespace

Result<int> ListenTcp(const std::string& address, int port) {
  RL_ASSIGN_OR_RETURN(SocketAddress bound, TcpAddress(address, port));
  RL_ASSIGN_OR_RETURN(UniqueFd fd, OpenSocket(bound.storage.ss_family));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const std::string what = fmt::format("listening on {} port {}", address, port);
  if (bind(fd.get(), bound.get(), bound.size) != 0 || listen(fd.get(), kBacklog) != 0) {
    if (errno == EADDRNOTAVAIL)
      return InvalidArgument(fmt::format(
          "{}: this machine does not have that address; `ip address` shows those it has, "
          "127.0.0.1 is always there",
          what));
    if (errno != EADDRINUSE) return ErrnoStatus(what, errno);
    return Status(Code::kAlreadyExists,
                  fmt::format("{}: the port is in use; `ss -ltnp 'sport = :{}'` shows by whom; "
                              "choose another port or stop that program",
                              what, port));
  }
  return fd.Release();
}

Result<int> ListenUnix(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(SocketAddress bound, UnixAddress(path));
  RL_ASSIGN_OR_RETURN(UniqueFd fd, OpenSocket(AF_UNIX));
  const std::string what = "listening on " + path.string();
  if (bind(fd.get(), bound.get(), bound.size) != 0) {
    if (errno != EADDRINUSE) return ErrnoStatus(what, errno);
    if (IsServed(bound)) {
      return Status(Code::kAlreadyExists,
                    what + ": another process answers on this socket; stop it first");
    }
    std::error_code error;
    if (!std::filesystem::is_socket(path, error))
      return Status(Code::kAlreadyExists,
                    what + ": there is something else than a socket; name a path that is free");
    unlink(path.c_str());
    if (bind(fd.get(), bound.get(), bound.size) != 0) return ErrnoStatus(what, errno);
  }
  if (chmod(path.c_str(), 0600) != 0 || listen(fd.get(), kBacklog) != 0)
    return ErrnoStatus(what, errno);
  return fd.Release();
}

int PortOf(int fd) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (getsockname(fd, bound.get(), &bound.size) != 0) return 0;
  if (bound.storage.ss_family == AF_INET)
    return ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);
  if (bound.storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port);
  return 0;
}

}  // namespace redline::net
