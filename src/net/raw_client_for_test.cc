#include "net/raw_client_for_test.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "net/http_parser.h"

namespace redline::net {

RawClient::RawClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ended_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::RawClient(const std::string& unix_path)
    : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
  ended_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::Receive(double seconds) {
  pollfd entry{fd_.get(), POLLIN, 0};
  if (ended_ || poll(&entry, 1, static_cast<int>(seconds * 1000) + 1) <= 0) return false;
  char bytes[65536];
  const ssize_t got = recv(fd_.get(), bytes, sizeof bytes, 0);
  ended_ = got <= 0;
  if (got > 0) buffer_.append(bytes, static_cast<size_t>(got));
  return got > 0;
}

std::string RawClient::ReadAll(double seconds) {
  const MonotonicTime start = MonotonicNow();
  while (SecondsSince(start) < seconds && Receive(seconds - SecondsSince(start))) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::ReadUntil(std::string_view text, double seconds) {
  const MonotonicTime start = MonotonicNow();
  while (buffer_.find(text) == std::string::npos && SecondsSince(start) < seconds &&
         Receive(seconds - SecondsSince(start))) {
  }
  return std::exchange(buffer_, {});
}

HttpResponse RawClient::ReadResponse(double seconds, bool to_head_request) {
  const MonotonicTime start = MonotonicNow();
  const auto parser = HttpParser::Create(MessageKind::kResponse, {});
  if (to_head_request) parser->ExpectNoBody();
  while (parser->state() != HttpParser::State::kDone &&
         parser->state() != HttpParser::State::kFailed) {
    const size_t consumed = parser->Feed(buffer_);
    buffer_.erase(0, consumed);
    if (consumed > 0) continue;
    const double left = seconds - SecondsSince(start);
    if (left > 0 && Receive(left)) continue;
    if (!ended_) return HttpResponse{.status = 0};
    parser->FeedEof();
  }
  if (parser->state() == HttpParser::State::kFailed) return HttpResponse{.status = 0};
  return {parser->head().status, parser->head().headers, parser->TakeBody()};
}

bool RawClient::WaitForClose(double seconds) {
  ReadAll(seconds);
  return ended_;
}

void RawClient::ShutdownSend() { shutdown(fd_.get(), SHUT_WR); }

void RawClient::Reset() {
  const linger hard{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  fd_.Reset();
}

std::string GetRequest(const std::string& path, const std::string& extra_headers) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, extra_headers);
}

std::string PostRequest(const std::string& path, const std::string& body,
                        const std::string& extra_headers) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path,
                     body.size(), extra_headers, body);
}

bool WaitFor(const std::function<bool()>& condition, double seconds) {
  const MonotonicTime start = MonotonicNow();
  while (!condition()) {
    if (SecondsSince(start) > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace redline::net
