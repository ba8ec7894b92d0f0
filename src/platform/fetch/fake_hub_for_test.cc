#include "platform/fetch/fake_hub_for_test.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/strings.h"

namespace redline::platform {
namespace {

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

HubRequest ParseRequest(const std::string& head) {
  HubRequest request;
  const auto lines = Split(head, '\n');
  request.target = Split(lines[0], ' ').at(1);
  for (size_t index = 1; index < lines.size(); ++index) {
    const std::string line(Trim(lines[index]));
    const size_t colon = line.find(':');
    if (colon != std::string::npos)
      request.headers[ToLower(line.substr(0, colon))] = std::string(Trim(line.substr(colon + 1)));
  }
  return request;
}

}  // namespace

HubReply Answer(int status, const std::string& body, const std::string& headers) {
  return {.bytes =
              fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}",
                          status, body.size(), headers, body)};
}

HubReply Serve(const HubRequest& request, const std::string& content, const std::string& etag) {
  const std::string etag_header = fmt::format("ETag: \"{}\"\r\n", etag);
  const auto range = request.headers.find("range");
  const auto if_range = request.headers.find("if-range");
  const bool fits = if_range == request.headers.end() || if_range->second == '"' + etag + '"';
  if (range == request.headers.end() || !fits) return Answer(200, content, etag_header);
  const auto from = static_cast<size_t>(std::stoll(range->second.substr(6)));
  return Answer(206, content.substr(from),
                etag_header + fmt::format("Content-Range: bytes {}-{}/{}\r\n", from,
                                          content.size() - 1, content.size()));
}

FakeHub::FakeHub(Handler handler) : handler_(std::move(handler)) {
  listen_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (::bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listen_fd_, 16) != 0) {
    std::abort();  // no port to listen on: no test
  }
  ::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { Loop(); });
}

FakeHub::~FakeHub() {
  ::shutdown(listen_fd_, SHUT_RDWR);
  thread_.join();
  ::close(listen_fd_);
}

std::string FakeHub::endpoint() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<HubRequest> FakeHub::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeHub::Loop() {
  while (true) {
    const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    Handle(fd);
    ::close(fd);
  }
}

void FakeHub::Handle(int fd) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(fd, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    head.append(buffer, static_cast<size_t>(count));
  }
  const HubRequest request = ParseRequest(head);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const HubReply reply = handler_(request);
  SendAll(fd, reply.bytes);
  if (reply.pause_ms > 0) {
    // Ends early when the peer hangs up.
    pollfd waiting{.fd = fd, .events = POLLRDHUP, .revents = 0};
    ::poll(&waiting, 1, reply.pause_ms);
    SendAll(fd, reply.more);
  }
  if (reply.reset) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    for (int attempt = 0; attempt < 3000 && reply.reset_when && !reply.reset_when(); ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  } else {
    ::shutdown(fd, SHUT_WR);
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 1000);
  }
}

}  // namespace redline::platform
