#include "net/server_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <chrono>
#include <utility>

#include "net/target.h"

namespace redline::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Bytes of pipelined requests that are read ahead while an answer is pending.
constexpr size_t kMaxReadAhead = 64 << 10;
// A body that brings less than this within body_timeout_seconds is too slow.
constexpr size_t kBodyProgressBytes = 64 << 10;
// How long a refused peer may finish sending, so that it reads the answer before a reset.
constexpr double kLingerSeconds = 2;
// Buffers above this are given back when they are empty.
constexpr size_t kKeptBufferBytes = 16 << 10;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

ServerConnection::ServerConnection(ConnectionHost& host, std::shared_ptr<IoThread> io_thread,
                                   Socket socket)
    : host_(host),
      io_thread_(std::move(io_thread)),
      socket_(std::move(socket)),
      timer_(io_thread_->context()) {}

void ServerConnection::Start() {
  error_code ec;
  socket_.non_blocking(true, ec);
  if (ec) return Close();
  AwaitRequest();
  WatchInput();
}

// --- Input ---------------------------------------------------------------------------------------

void ServerConnection::WatchInput() {
  if (watching_input_ || input_ended_ || phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kAnswering && input_.size() >= kMaxReadAhead) return;
  watching_input_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->watching_input_ = false;
    if (!ec) self->OnReadable();
  });
}

void ServerConnection::OnReadable() {
  if (phase_ == Phase::kClosed) return;
  error_code ec;
  auto& scratch = io_thread_->scratch();
  const size_t num_bytes = socket_.read_some(asio::buffer(scratch), ec);
  if (ec == asio::error::would_block) return WatchInput();
  if (ec == asio::error::eof) return OnInputEnded();
  if (ec) return Close();
  if (phase_ != Phase::kLingering) input_.append(scratch.data(), num_bytes);
  if (phase_ == Phase::kHead || phase_ == Phase::kBody) Process();
  WatchInput();
}

void ServerConnection::OnInputEnded() {
  input_ended_ = true;
  if (phase_ != Phase::kAnswering) return Close();
  if (!exchange_) return;
  if (exchange_->MayAskPeer()) return AskWhetherPeerReads();
  exchange_->PeerClosed(ServerExchange::PeerState::kDoneSending);
}

// The end of its input is all that TCP tells of a peer that has gone, and of one that has only sent
// all it had to say and waits for the answer. Bytes tell them apart: the first resets the
// connection, the second passes over an interim answer (RFC 9110, 15.2).
void ServerConnection::AskWhetherPeerReads() {
  socket_.async_wait(Socket::wait_error, [self = shared_from_this()](const error_code& ec) {
    if (!ec) self->Close();
  });
  output_.append(kContinue);
  Flush();
}

void ServerConnection::AwaitRequest() {
  phase_ = Phase::kHead;
  SetDeadline(is_first_request_ ? host_.options().header_timeout_seconds
                                : host_.options().keep_alive_seconds);
}

void ServerConnection::Process() {
  while ((phase_ == Phase::kHead || phase_ == Phase::kBody) && ParseSome()) {
  }
}

bool ServerConnection::ParseSome() {
  if (!parser_) {
    // A stray line end between requests is tolerated (RFC 9112, 2.2).
    input_.erase(0, std::min(input_.find_first_not_of("\r\n"), input_.size()));
    if (input_.empty()) return false;
    parser_ = HttpParser::Create(
        MessageKind::kRequest, {host_.options().max_header_bytes, host_.options().max_body_bytes});
    SetDeadline(host_.options().header_timeout_seconds);
  }
  const size_t consumed = parser_->Feed(input_);
  input_.erase(0, consumed);
  const HttpParser::State state = parser_->state();
  if (state == HttpParser::State::kFailed) {
    RefuseWhatFailed();
    return false;
  }
  if (state == HttpParser::State::kHead) return false;
  if (phase_ == Phase::kHead) OnHead();
  if (state == HttpParser::State::kDone && phase_ == Phase::kBody) OnRequest();
  if (phase_ == Phase::kBody &&
      parser_->body_size() >= body_bytes_at_deadline_ + kBodyProgressBytes) {
    body_bytes_at_deadline_ = parser_->body_size();
    SetDeadline(host_.options().body_timeout_seconds);
  }
  return consumed > 0;
}

void ServerConnection::OnHead() {
  const MessageHead& head = parser_->head();
  const std::string_view expect = FindHeader(head.headers, "Expect");
  if (!expect.empty() && !EqualHeaderName(expect, "100-continue"))
    return Refuse(417, "only Expect: 100-continue is understood", "expectation_failed");
  phase_ = Phase::kBody;
  body_bytes_at_deadline_ = 0;
  if (parser_->state() == HttpParser::State::kDone) return;
  SetDeadline(host_.options().body_timeout_seconds);
  if (!expect.empty() && head.version >= 11 && input_.empty()) {
    output_.append(kContinue);
    SendOutput();
  }
}

void ServerConnection::OnRequest() {
  MessageHead& head = parser_->head();
  auto target = ParseTarget(head.target);
  if (!target.ok()) return Refuse(400, target.status().message(), "bad_request");
  HttpRequest request;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.headers = std::move(head.headers);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.body = parser_->TakeBody();
  for (auto& [name, value] : request.headers) {
    if (!target->authority.empty() && EqualHeaderName(name, "Host")) value = target->authority;
  }
  head.method = request.method;
  BeginAnswer();
  parser_.reset();
  host_.router().Dispatch(std::move(request), ServerExchange::MakeWriter(exchange_));
}

void ServerConnection::RefuseWhatFailed() {
  const int status = parser_->failure_status();
  if (status == 413 || status == 431) return Refuse(status, parser_->failure(), "too_large");
  Refuse(status, "malformed request: " + parser_->failure(), "bad_request");
}

// Answers without asking a handler, and closes.
void ServerConnection::Refuse(int status, const std::string& message, std::string_view code) {
  if (!parser_) parser_ = HttpParser::Create(MessageKind::kRequest, {});
  BeginAnswer();
  exchange_->CloseAfterAnswer();
  HttpResponse response = ErrorResponse(InvalidArgument(message), code);
  response.status = status;
  exchange_->Send(std::move(response));
  parser_.reset();
  input_.clear();
}

void ServerConnection::BeginAnswer() {
  is_first_request_ = false;
  phase_ = Phase::kAnswering;
  SetDeadline(0);
  const bool is_complete = parser_->state() == HttpParser::State::kDone;
  exchange_ = std::make_shared<ServerExchange>(
      weak_from_this(), io_thread_,
      ServerExchange::Traits{
          .is_head = parser_->head().method == "HEAD",
          .is_http11 = parser_->head().version >= 11,
          .keep_alive = is_complete && parser_->keep_alive() && !host_.draining() && !input_ended_,
          .max_buffered_bytes = host_.options().max_buffered_bytes});
  answer_complete_ = answer_aborted_ = false;
}

// --- Output --------------------------------------------------------------------------------------

void ServerConnection::Flush() {
  if (phase_ == Phase::kAnswering && !waiting_to_write_) SendOutput();
}

void ServerConnection::SendOutput() {
  while (output_offset_ < output_.size() || TakeOutput()) {
    error_code ec;
    const auto rest = std::string_view(output_).substr(output_offset_);
    const size_t num_bytes = socket_.write_some(asio::buffer(rest.data(), rest.size()), ec);
    if (ec == asio::error::would_block) {
      waiting_to_write_ = true;
      SetDeadline(host_.options().write_timeout_seconds);
      return socket_.async_wait(Socket::wait_write,
                                [self = shared_from_this()](const error_code& wait_ec) {
                                  self->waiting_to_write_ = false;
                                  if (wait_ec || self->phase_ == Phase::kClosed) return;
                                  self->SetDeadline(0);
                                  self->SendOutput();
                                });
    }
    if (ec) return Close();
    output_offset_ += num_bytes;
    if (exchange_) exchange_->BytesSent(num_bytes);
  }
  if (answer_aborted_) return Close();
  if (answer_complete_) OnAnswerSent();
}

// Refills the empty output. False when there is nothing to send now.
bool ServerConnection::TakeOutput() {
  output_offset_ = 0;
  output_.clear();
  if (output_.capacity() > kKeptBufferBytes) output_.shrink_to_fit();
  if (!exchange_ || answer_complete_ || answer_aborted_) return false;
  ServerExchange::Output taken = exchange_->Take();
  output_ = std::move(taken.bytes);
  answer_complete_ = taken.complete;
  answer_aborted_ = taken.aborted;
  keep_alive_ = taken.keep_alive;
  return !output_.empty();
}

void ServerConnection::OnAnswerSent() {
  exchange_.reset();
  answer_complete_ = false;
  if (input_ended_) return Close();
  if (!keep_alive_) return Linger();
  if (host_.draining() && input_.empty()) return Close();
  AwaitRequest();
  Process();
  WatchInput();
}

// Ends our side and waits for the peer to end its own: closing with unread bytes would reset the
// connection, and the peer might never see the answer.
void ServerConnection::Linger() {
  phase_ = Phase::kLingering;
  error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  SetDeadline(kLingerSeconds);
  WatchInput();
}

// --- End -----------------------------------------------------------------------------------------

void ServerConnection::BeginDrain() {
  const bool is_idle = phase_ == Phase::kHead && !parser_;
  if (is_idle || phase_ == Phase::kLingering) return Close();
  if (exchange_) exchange_->CloseAfterAnswer();
}

void ServerConnection::Close() {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  const auto self = shared_from_this();
  error_code ec;
  socket_.close(ec);
  timer_.cancel();
  if (const auto exchange = std::exchange(exchange_, nullptr))
    exchange->PeerClosed(ServerExchange::PeerState::kGone);
  host_.OnClosed(this);
}

void ServerConnection::SetDeadline(double seconds) {
  if (seconds <= 0) {
    timer_.expires_at(std::chrono::steady_clock::time_point::max());
    return;
  }
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds)));
  timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->OnDeadline();
  });
}

void ServerConnection::OnDeadline() {
  const bool is_idle = !is_first_request_ && phase_ == Phase::kHead && !parser_;
  if (phase_ == Phase::kBody || (phase_ == Phase::kHead && !is_idle))
    Refuse(408, "the request did not arrive in time", "request_timeout");
  else
    Close();
}

}  // namespace redline::net
