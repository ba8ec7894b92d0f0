#include "lab/mock/mock_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace redline::lab {
namespace {

constexpr int kBacklog = 4096;

Result<sockaddr_in> AddressOf(const std::string& host, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    return InvalidArgument(
        fmt::format("host must be an IPv4 address such as 127.0.0.1, got \"{}\"", host), "host");
  return address;
}

// Each thread listens for itself on the same port, and the kernel spreads connections over them. A
// single listener does not share, so that a port in use is noticed.
Result<UniqueFd> Listen(const sockaddr_in& address, bool shares_port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus("socket", errno);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shares_port) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd.get(), kBacklog) != 0)
    return ErrnoStatus(fmt::format("listening on port {}", ntohs(address.sin_port)), errno);
  return fd;
}

int PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

Result<std::unique_ptr<MockServer>> MockServer::Start(const MockOptions& options) {
  RL_RETURN_IF_ERROR(Validate(options));
  RL_ASSIGN_OR_RETURN(sockaddr_in address, AddressOf(options.host, options.port));
  std::unique_ptr<MockServer> server(new MockServer);
  if (!options.truth_path.empty()) RL_RETURN_IF_ERROR(server->truth_.Open(options.truth_path));
  TruthLog* truth = options.keep_truth || !options.truth_path.empty() ? &server->truth_ : nullptr;
  for (int index = 0; index < options.num_threads; ++index) {
    RL_ASSIGN_OR_RETURN(UniqueFd listener, Listen(address, options.num_threads > 1));
    server->port_ = PortOf(listener.get());
    address.sin_port = htons(static_cast<uint16_t>(server->port_));
    RL_ASSIGN_OR_RETURN(auto thread, MockThread::Start(options, index, std::move(listener), truth));
    server->threads_.push_back(std::move(thread));
  }
  return server;
}

}  // namespace redline::lab
