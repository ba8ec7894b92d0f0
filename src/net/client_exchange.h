// One request and its answer on the client's side. Internal to net.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/client_stream.h"
#include "net/http_client.h"
#include "net/http_parser.h"
#include "net/io_thread.h"

namespace redline::net {

class ClientExchange;

// What exchanges use of their client; I/O thread only.
class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;
  virtual IoThread& io_thread() = 0;
  virtual TlsSettings& tls() = 0;
  virtual std::shared_ptr<ClientStream> TakeIdle(const std::string& origin) = 0;
  virtual void KeepIdle(const std::string& origin, std::shared_ptr<ClientStream> stream) = 0;
  virtual void OnFinished(ClientExchange* exchange) = 0;
};

// Everything but Cancel and SetPaused happens on the I/O thread.
class ClientExchange : public Exchange, public std::enable_shared_from_this<ClientExchange> {
 public:
  // A body over `max_body_bytes` ends the exchange with kTooLarge.
  ClientExchange(ExchangeHost& host, std::weak_ptr<void> host_alive, ClientRequest request,
                 ExchangeCallbacks callbacks, uint64_t max_body_bytes);

  void Cancel() override;
  void SetPaused(bool paused) override;

  void Begin();
  void Finish(const Status& status);  // calls on_done, once

 private:
  void UseStream(std::shared_ptr<ClientStream> kept);  // null: connects a new one
  void OnConnected();
  void WriteMore();
  void ReadMore();
  void OnRead(const Status& status, size_t num_bytes, bool ended);
  void ParseInput();
  bool ParseSome();
  void OnHead();
  void ResetParser();
  void Complete();
  void FailOrRetry(const Status& status);
  void ArmTimer();
  void OnTimer();
  void Touch();

  ExchangeHost& host_;
  const std::weak_ptr<void> host_alive_;  // posts of other threads go nowhere when it has expired
  const uint64_t max_body_bytes_;
  ClientRequest request_;
  ExchangeCallbacks callbacks_;
  Url url_;
  std::string origin_;  // key of the pool of idle connections

  std::shared_ptr<ClientStream> stream_;  // shared with its pending operations
  bool reused_ = false;
  bool connected_ = false;
  std::string output_;
  size_t output_offset_ = 0;
  std::unique_ptr<HttpParser> parser_;
  std::unique_ptr<char[]> buffer_;
  std::string input_;
  bool got_head_ = false;
  bool reading_ = false;
  bool finished_ = false;
  std::atomic<bool> paused_{false};

  std::optional<boost::asio::steady_timer> timer_;  // none before and after, like stream_
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace redline::net
