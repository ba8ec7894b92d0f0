// A client's byte stream to one origin: TCP, TLS over TCP, or a Unix socket. Internal to net. One
// owner: the client's I/O thread. Closing it ends every pending operation.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/http_client.h"

namespace redline::net {

// The TLS settings of a client; reads the system's certificates when first used.
class TlsSettings {
 public:
  TlsSettings();
  ~TlsSettings();
  struct Impl;
  Result<Impl*> Get();

 private:
  std::unique_ptr<Impl> impl_;
};

class ClientStream : public std::enable_shared_from_this<ClientStream> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  // `ended`: the peer closed properly; bytes are 0 then.
  using IoDone = std::function<void(const Status&, size_t num_bytes, bool ended)>;

  ClientStream(boost::asio::io_context& context, Url url);
  ~ClientStream();

  // Resolves, connects, shakes hands. `timeout_seconds` is shared out among the host's addresses;
  // the caller's own deadline ends the whole.
  void Connect(TlsSettings& tls, double timeout_seconds, std::function<void(const Status&)> done);
  void Read(char* data, size_t size, IoDone done);
  void Write(std::string_view bytes, IoDone done);  // some of them
  void Close();
  // Connected, and the peer has neither sent anything nor closed: fit for another request.
  bool IdleAndOpen();

 private:
  struct Tls;
  using Endpoint = boost::asio::generic::stream_protocol::endpoint;
  using ConnectDone = std::function<void(const Status&)>;

  void Resolve(ConnectDone done);
  void TryEndpoint(size_t index, ConnectDone done);
  void StartTls(TlsSettings& tls, ConnectDone done);
  Status Failure(std::string_view what, const boost::system::error_code& ec) const;

  const Url url_;
  double timeout_seconds_ = 0;
  Socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer attempt_timer_;  // gives up one address while others are left
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<Tls> tls_;
  bool closed_ = false;
};

}  // namespace redline::net
