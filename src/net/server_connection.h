// One accepted connection of the HTTP server. Internal to net.
//
// Lives on one I/O thread and is touched by nothing else; producers reach it through
// ServerExchange. One request at a time: bytes of a pipelined next one wait until the answer has
// left. While an answer is pending the socket is still watched, so that a peer that leaves is
// noticed.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "net/http_parser.h"
#include "net/http_server.h"
#include "net/io_thread.h"
#include "net/server_exchange.h"

namespace redline::net {

// What all connections of a server share.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const HttpServerOptions& options() const = 0;
  virtual const Router& router() const = 0;
  virtual bool draining() const = 0;
  // On the connection's I/O thread; it may be destroyed right after.
  virtual void OnClosed(ServerConnection* connection) = 0;
};

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  ServerConnection(ConnectionHost& host, std::shared_ptr<IoThread> io_thread, Socket socket);

  // All on the I/O thread.
  void Start();
  void Flush();       // takes and sends what the exchange has
  void BeginDrain();  // closes now when idle, else after the answer
  void Close();
  IoThread& io_thread() { return *io_thread_; }

 private:
  enum class Phase { kHead, kBody, kAnswering, kLingering, kClosed };

  void WatchInput();
  void OnReadable();
  void OnInputEnded();
  void AskWhetherPeerReads();

  void Process();    // parses what has arrived
  bool ParseSome();  // false when more bytes are needed
  void OnHead();
  void OnRequest();
  void RefuseWhatFailed();
  void Refuse(int status, const std::string& message, std::string_view code);
  void BeginAnswer();

  void SendOutput();
  bool TakeOutput();
  void OnAnswerSent();
  void Linger();

  void AwaitRequest();
  void SetDeadline(double seconds);  // 0: none
  void OnDeadline();

  ConnectionHost& host_;
  const std::shared_ptr<IoThread> io_thread_;  // keeps the executor of socket_ and timer_
  Socket socket_;
  boost::asio::steady_timer timer_;
  Phase phase_ = Phase::kHead;

  std::string input_;  // received, not yet parsed
  bool watching_input_ = false;
  bool input_ended_ = false;            // the peer sends no more
  std::unique_ptr<HttpParser> parser_;  // null between requests
  bool is_first_request_ = true;
  size_t body_bytes_at_deadline_ = 0;

  std::shared_ptr<ServerExchange> exchange_;  // shared with the handler's writer
  std::string output_;                        // taken from the exchange, being sent
  size_t output_offset_ = 0;
  bool waiting_to_write_ = false;
  bool answer_complete_ = false;  // output_ holds the last of it
  bool answer_aborted_ = false;
  bool keep_alive_ = false;
};

}  // namespace redline::net
