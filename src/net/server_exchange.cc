#include "net/server_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/strings.h"
#include "net/io_thread.h"
#include "net/reason.h"
#include "net/server_connection.h"

namespace redline::net {
namespace {

class Writer : public ResponseWriter {
 public:
  explicit Writer(std::shared_ptr<ServerExchange> exchange) : exchange_(std::move(exchange)) {}
  ~Writer() override { exchange_->Dropped(); }
  void Send(HttpResponse response) override { exchange_->Send(std::move(response)); }
  void StartStream(int status, Headers headers) override {
    exchange_->StartStream(status, std::move(headers));
  }
  bool Write(std::string bytes) override { return exchange_->Write(bytes); }
  void End() override { exchange_->End(); }
  size_t BufferedBytes() const override { return exchange_->BufferedBytes(); }
  void OnPeerClosed(std::function<void()> callback) override {
    exchange_->OnPeerClosed(std::move(callback));
  }
  void OnDrained(std::function<void()> callback) override {
    exchange_->OnDrained(std::move(callback));
  }
  void Abort() override { exchange_->Abort(); }

 private:
  const std::shared_ptr<ServerExchange> exchange_;  // shared with the connection
};

std::string HttpDate() {
  char text[64];
  const time_t now = std::time(nullptr);
  tm parts;
  gmtime_r(&now, &parts);
  return {text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

// Framing is this file's business; a handler's own words on it are dropped.
bool IsFramingHeader(std::string_view name) {
  return EqualHeaderName(name, "Content-Length") || EqualHeaderName(name, "Transfer-Encoding") ||
         EqualHeaderName(name, "Connection") || EqualHeaderName(name, "Keep-Alive");
}

// No byte of a header may start another one.
void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  const size_t start = out.size();
  out.append(name).append(": ").append(value);
  const auto is_control = [](char character) {
    return (static_cast<unsigned char>(character) < 0x20 && character != '\t') || character == 0x7F;
  };
  std::replace_if(out.begin() + static_cast<ptrdiff_t>(start), out.end(), is_control, ' ');
  out += "\r\n";
}

std::optional<uint64_t> DeclaredLength(const Headers& headers) {
  const auto length = ParseInt64(FindHeader(headers, "Content-Length"));
  if (!length || *length < 0) return std::nullopt;
  return static_cast<uint64_t>(*length);
}

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

ServerExchange::ServerExchange(std::weak_ptr<ServerConnection> connection,
                               std::shared_ptr<IoThread> io_thread, const Traits& traits)
    : connection_(std::move(connection)), io_thread_(std::move(io_thread)), traits_(traits) {}

std::shared_ptr<ResponseWriter> ServerExchange::MakeWriter(
    std::shared_ptr<ServerExchange> exchange) {
  return std::make_shared<Writer>(std::move(exchange));
}

void ServerExchange::ChooseFraming(int status, std::optional<uint64_t> length) {
  framing_ = Framing::kNone;
  if (traits_.is_head || HasNoBody(status)) return;
  if (length) {
    framing_ = Framing::kLength;
    length_left_ = *length;
  } else if (traits_.is_http11) {
    framing_ = Framing::kChunked;
  } else {
    framing_ = Framing::kUntilClose;
    traits_.keep_alive = false;
  }
}

void ServerExchange::AppendHead(int status, const Headers& headers,
                                std::optional<uint64_t> length) {
  ChooseFraming(status, length);
  queued_ += fmt::format("HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
  AppendHeader(queued_, "Date", HttpDate());
  for (const auto& [name, value] : headers) {
    if (!IsFramingHeader(name)) AppendHeader(queued_, name, value);
  }
  if (length && !HasNoBody(status))
    AppendHeader(queued_, "Content-Length", fmt::to_string(*length));
  if (framing_ == Framing::kChunked) AppendHeader(queued_, "Transfer-Encoding", "chunked");
  if (!traits_.keep_alive) AppendHeader(queued_, "Connection", "close");
  if (traits_.keep_alive && !traits_.is_http11) AppendHeader(queued_, "Connection", "keep-alive");
  queued_ += "\r\n";
}

void ServerExchange::AppendBody(std::string_view bytes) {
  if (framing_ == Framing::kChunked) {
    if (!bytes.empty())
      queued_.append(fmt::format("{:x}\r\n", bytes.size())).append(bytes).append("\r\n");
  } else if (framing_ != Framing::kNone) {
    queued_.append(bytes);
  }
}

ServerExchange::Callbacks ServerExchange::Finish(Phase phase) {
  phase_ = phase;
  Wake();
  return std::exchange(callbacks_, {});
}

void ServerExchange::Send(HttpResponse response) {
  Callbacks released;
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kWaiting) return;
  std::optional<uint64_t> length = response.body.size();
  // A relayed answer to HEAD states the length of the body it does not have.
  if (traits_.is_head && response.body.empty() && DeclaredLength(response.headers))
    length = DeclaredLength(response.headers);
  AppendHead(response.status, response.headers, length);
  AppendBody(response.body);
  released = Finish(Phase::kComplete);
}

void ServerExchange::StartStream(int status, Headers headers) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kWaiting) return;
  phase_ = Phase::kStreaming;
  AppendHead(status, headers, DeclaredLength(headers));
  Wake();
}

bool ServerExchange::Write(std::string_view bytes) {
  Callbacks released;
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kStreaming || peer_ != PeerState::kConnected) return false;
  const size_t buffered = queued_.size() + in_flight_;
  const bool overflow = buffered > 0 && buffered + bytes.size() > traits_.max_buffered_bytes;
  const bool too_long = framing_ == Framing::kLength && bytes.size() > length_left_;
  if (overflow || too_long) {
    released = Finish(Phase::kAborted);
    return false;
  }
  if (framing_ == Framing::kLength) length_left_ -= bytes.size();
  AppendBody(bytes);
  Wake();
  return true;
}

void ServerExchange::End() {
  Callbacks released;
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kStreaming) return;
  const bool too_short = framing_ == Framing::kLength && length_left_ > 0;
  if (framing_ == Framing::kChunked) queued_ += "0\r\n\r\n";
  released = Finish(too_short ? Phase::kAborted : Phase::kComplete);
}

// What is queued is still sent: an error event may be in it.
void ServerExchange::Abort() {
  Callbacks released;
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kWaiting || phase_ == Phase::kStreaming) released = Finish(Phase::kAborted);
}

void ServerExchange::Dropped() {
  bool deserves_answer = false;
  {
    const std::lock_guard lock(mutex_);
    deserves_answer = phase_ == Phase::kWaiting && peer_ == PeerState::kConnected;
  }
  if (deserves_answer)
    Send(ErrorResponse(Internal("the request was dropped without an answer")));
  else
    Abort();
}

size_t ServerExchange::BufferedBytes() const {
  const std::lock_guard lock(mutex_);
  return queued_.size() + in_flight_;
}

void ServerExchange::OnPeerClosed(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  std::swap(callbacks_.on_peer_closed, callback);
}

void ServerExchange::OnDrained(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  std::swap(callbacks_.on_drained, callback);
}

// With mutex_ held: tells the connection that there is something to take.
void ServerExchange::Wake() {
  if (peer_ == PeerState::kGone || std::exchange(wake_posted_, true)) return;
  io_thread_->Post([connection = connection_] {
    if (const auto alive = connection.lock()) alive->Flush();
  });
}

ServerExchange::Output ServerExchange::Take() {
  const std::lock_guard lock(mutex_);
  wake_posted_ = false;
  Output output;
  output.bytes = std::exchange(queued_, {});
  in_flight_ += output.bytes.size();
  output.complete = phase_ == Phase::kComplete;
  output.aborted = phase_ == Phase::kAborted;
  output.keep_alive = traits_.keep_alive;
  return output;
}

void ServerExchange::BytesSent(size_t num_bytes) {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    in_flight_ -= std::min(num_bytes, in_flight_);
    if (in_flight_ == 0 && queued_.empty() && phase_ == Phase::kStreaming)
      callback = callbacks_.on_drained;
  }
  if (callback) callback();
}

bool ServerExchange::MayAskPeer() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kWaiting && traits_.is_http11;
}

void ServerExchange::PeerClosed(PeerState state) {
  Callbacks released;
  {
    const std::lock_guard lock(mutex_);
    peer_ = state;
    released = std::exchange(callbacks_, {});
  }
  if (released.on_peer_closed) released.on_peer_closed();
}

void ServerExchange::CloseAfterAnswer() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kWaiting) traits_.keep_alive = false;
}

}  // namespace redline::net
