#include "net/client_stream.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <chrono>

#include "net/ip_address.h"

namespace redline::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

}  // namespace

struct TlsSettings::Impl {
  ssl::context context{ssl::context::tls_client};
};

TlsSettings::TlsSettings() = default;
TlsSettings::~TlsSettings() = default;

Result<TlsSettings::Impl*> TlsSettings::Get() {
  if (impl_) return impl_.get();
  auto impl = std::make_unique<Impl>();
  error_code ec;
  impl->context.set_default_verify_paths(ec);
  if (ec) return Internal("reading the system's certificates: " + ec.message());
  impl->context.set_verify_mode(ssl::verify_peer, ec);
  SSL_CTX_set_min_proto_version(impl->context.native_handle(), TLS1_2_VERSION);
  impl_ = std::move(impl);
  return impl_.get();
}

struct ClientStream::Tls {
  Tls(Socket& socket, ssl::context& context) : stream(socket, context) {}
  ssl::stream<Socket&> stream;
};

ClientStream::ClientStream(asio::io_context& context, Url url)
    : url_(std::move(url)), socket_(context), resolver_(context), attempt_timer_(context) {}

ClientStream::~ClientStream() = default;

Status ClientStream::Failure(std::string_view what, const error_code& ec) const {
  if (closed_) return Status(Code::kCancelled, "cancelled");
  const std::string peer =
      url_.scheme == "unix" ? url_.host : fmt::format("{}:{}", url_.host, url_.port);
  return Unavailable(fmt::format("{} {}: {}", what, peer, ec.message()));
}

void ClientStream::Connect(TlsSettings& tls, double timeout_seconds, ConnectDone done) {
  timeout_seconds_ = timeout_seconds;
  ConnectDone connected = [self = shared_from_this(), &tls, done](const Status& status) {
    self->attempt_timer_.cancel();
    if (!status.ok() || self->url_.scheme != "https") return done(status);
    self->StartTls(tls, done);
  };
  if (url_.scheme != "unix") return Resolve(std::move(connected));
  if (url_.host.size() >= sizeof(sockaddr_un::sun_path))
    return done(InvalidArgument("the socket path is too long: " + url_.host));
  endpoints_ = {asio::local::stream_protocol::endpoint(url_.host)};
  TryEndpoint(0, std::move(connected));
}

void ClientStream::Resolve(ConnectDone done) {
  error_code ec;
  const auto address = asio::ip::make_address(url_.host, ec);
  if (!ec) {
    endpoints_ = {asio::ip::tcp::endpoint(address, static_cast<uint16_t>(url_.port))};
    return TryEndpoint(0, std::move(done));
  }
  resolver_.async_resolve(url_.host, std::to_string(url_.port),
                          [self = shared_from_this(), done = std::move(done)](
                              const error_code& resolve_ec, const auto& results) {
                            if (resolve_ec || self->closed_)
                              return done(self->Failure("resolving", resolve_ec));
                            for (const auto& result : results)
                              self->endpoints_.push_back(result.endpoint());
                            self->TryEndpoint(0, done);
                          });
}

void ClientStream::TryEndpoint(size_t index, ConnectDone done) {
  error_code ec;
  socket_.close(ec);
  const size_t num_left = endpoints_.size() - index;
  if (num_left > 1) {
    attempt_timer_.expires_after(std::chrono::milliseconds(
        static_cast<int64_t>(timeout_seconds_ * 1000 / static_cast<double>(num_left))));
    attempt_timer_.async_wait([weak = weak_from_this()](const error_code& wait_ec) {
      error_code ignored;
      if (const auto self = weak.lock(); self && !wait_ec) self->socket_.close(ignored);
    });
  }
  socket_.async_connect(endpoints_[index], [self = shared_from_this(), index,
                                            done = std::move(done)](const error_code& connect_ec) {
    if (connect_ec && !self->closed_ && index + 1 < self->endpoints_.size())
      return self->TryEndpoint(index + 1, done);
    if (connect_ec || self->closed_) return done(self->Failure("connecting to", connect_ec));
    const int on = 1;
    if (self->url_.scheme != "unix")
      setsockopt(self->socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    done(OkStatus());
  });
}

void ClientStream::StartTls(TlsSettings& tls, ConnectDone done) {
  auto settings = tls.Get();
  if (!settings.ok()) return done(settings.status());
  tls_ = std::make_unique<Tls>(socket_, (*settings)->context);
  if (!IsIpAddress(url_.host))
    SSL_set_tlsext_host_name(tls_->stream.native_handle(), url_.host.c_str());
  tls_->stream.set_verify_callback(ssl::host_name_verification(url_.host));
  tls_->stream.async_handshake(
      ssl::stream_base::client,
      [self = shared_from_this(), done = std::move(done)](const error_code& ec) {
        done(ec ? self->Failure("TLS handshake with", ec) : OkStatus());
      });
}

void ClientStream::Read(char* data, size_t size, IoDone done) {
  auto handler = [self = shared_from_this(), done = std::move(done)](const error_code& ec,
                                                                     size_t num_bytes) {
    if (ec == asio::error::eof) return done(OkStatus(), 0, true);
    done(ec ? self->Failure("reading from", ec) : OkStatus(), num_bytes, false);
  };
  if (tls_)
    tls_->stream.async_read_some(asio::buffer(data, size), std::move(handler));
  else
    socket_.async_read_some(asio::buffer(data, size), std::move(handler));
}

void ClientStream::Write(std::string_view bytes, IoDone done) {
  auto handler = [self = shared_from_this(), done = std::move(done)](const error_code& ec,
                                                                     size_t num_bytes) {
    done(ec ? self->Failure("writing to", ec) : OkStatus(), num_bytes, false);
  };
  if (tls_)
    tls_->stream.async_write_some(asio::buffer(bytes.data(), bytes.size()), std::move(handler));
  else
    socket_.async_write_some(asio::buffer(bytes.data(), bytes.size()), std::move(handler));
}

void ClientStream::Close() {
  closed_ = true;
  error_code ec;
  resolver_.cancel();
  attempt_timer_.cancel();
  socket_.close(ec);
}

bool ClientStream::IdleAndOpen() {
  char byte = 0;
  return !closed_ && socket_.is_open() &&
         recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace redline::net
