#include "net/client_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace redline::net {
namespace {

using std::chrono::steady_clock;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kMaxHeaderBytes = 64 << 10;

steady_clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char character) {
    return (static_cast<unsigned char>(character) < 0x20 && character != '\t') || character == 0x7F;
  });
}

// Nothing a caller passes may start another header or request.
Status CheckRequest(const ClientRequest& request) {
  if (request.method.empty() || HasControl(request.method) ||
      request.method.find(' ') != std::string::npos)
    return InvalidArgument("the HTTP method is malformed", "method");
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || HasControl(name) || HasControl(value) || name.find(':') != name.npos)
      return InvalidArgument("a request header is malformed: " + EscapeControl(name), "headers");
  }
  return OkStatus();
}

std::string HostHeader(const Url& url) {
  if (url.scheme == "unix") return "localhost";
  const bool is_default = url.port == (url.scheme == "https" ? 443 : 80);
  const std::string host =
      url.host.find(':') == std::string::npos ? url.host : fmt::format("[{}]", url.host);
  return is_default ? host : fmt::format("{}:{}", host, url.port);
}

// The peer as messages name it.
std::string PeerOf(const Url& url) { return url.scheme == "unix" ? url.host : HostHeader(url); }

std::string Serialise(const ClientRequest& request, const Url& url) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, url.target);
  if (FindHeader(request.headers, "Host").empty())
    out += fmt::format("Host: {}\r\n", HostHeader(url));
  for (const auto& [name, value] : request.headers) {
    if (!EqualHeaderName(name, "Content-Length") && !EqualHeaderName(name, "Transfer-Encoding"))
      out += fmt::format("{}: {}\r\n", name, value);
  }
  const bool may_have_body = request.method != "GET" && request.method != "HEAD";
  if (!request.body.empty() || may_have_body)
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  return out.append("\r\n").append(request.body);
}

bool IsIdempotent(const std::string& method) { return method == "GET" || method == "HEAD"; }

}  // namespace

ClientExchange::ClientExchange(ExchangeHost& host, std::weak_ptr<void> host_alive,
                               ClientRequest request, ExchangeCallbacks callbacks,
                               uint64_t max_body_bytes)
    : host_(host),
      host_alive_(std::move(host_alive)),
      max_body_bytes_(max_body_bytes),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)) {}

// --- From any thread -----------------------------------------------------------------------------

void ClientExchange::Cancel() {
  const auto alive = host_alive_.lock();
  if (!alive) return;
  host_.io_thread().Post([self = shared_from_this()] {
    self->Finish(Status(Code::kCancelled, "the request was cancelled"));
  });
}

void ClientExchange::SetPaused(bool paused) {
  paused_ = paused;
  const auto alive = host_alive_.lock();
  if (paused || !alive) return;
  host_.io_thread().Post([self = shared_from_this()] {
    if (self->finished_ || !self->connected_ || self->reading_) return;
    self->Touch();
    self->ReadMore();
  });
}

// --- Connecting ----------------------------------------------------------------------------------

void ClientExchange::Begin() {
  if (finished_) return;
  const Status checked = CheckRequest(request_);
  if (!checked.ok()) return Finish(checked);
  auto url = ParseUrl(request_.url);
  if (!url.ok()) return Finish(url.status());
  url_ = std::move(url).value();
  origin_ = fmt::format("{}://{}:{}", url_.scheme, url_.host, url_.port);
  output_ = Serialise(request_, url_);
  timer_.emplace(host_.io_thread().context());
  UseStream(host_.TakeIdle(origin_));
}

void ClientExchange::UseStream(std::shared_ptr<ClientStream> kept) {
  output_offset_ = 0;
  stream_ = std::move(kept);
  reused_ = stream_ != nullptr;
  if (reused_) return OnConnected();
  stream_ = std::make_shared<ClientStream>(host_.io_thread().context(), url_);
  deadline_ = steady_clock::now() + Seconds(request_.connect_timeout_seconds);
  ArmTimer();
  stream_->Connect(host_.tls(), request_.connect_timeout_seconds,
                   [self = shared_from_this()](const Status& status) {
                     if (self->finished_) return;
                     if (!status.ok()) return self->Finish(status);
                     self->OnConnected();
                   });
}

void ClientExchange::OnConnected() {
  if (!std::exchange(connected_, true) && callbacks_.on_connected) callbacks_.on_connected();
  ResetParser();
  if (!buffer_) buffer_ = std::make_unique<char[]>(kReadBytes);
  Touch();
  ArmTimer();
  WriteMore();
  ReadMore();
}

// --- Exchange ------------------------------------------------------------------------------------

void ClientExchange::WriteMore() {
  if (output_offset_ == output_.size()) return;
  const auto stream = stream_;
  stream->Write(std::string_view(output_).substr(output_offset_),
                [self = shared_from_this(), stream](const Status& status, size_t num_bytes, bool) {
                  if (self->finished_ || stream != self->stream_) return;
                  // A peer that refuses early stops reading; its answer is what counts.
                  if (!status.ok()) return;
                  self->output_offset_ += num_bytes;
                  self->Touch();
                  self->WriteMore();
                });
}

void ClientExchange::ReadMore() {
  if (paused_ || reading_ || finished_) return;
  reading_ = true;
  const auto stream = stream_;
  stream->Read(
      buffer_.get(), kReadBytes,
      [self = shared_from_this(), stream](const Status& status, size_t num_bytes, bool ended) {
        if (self->finished_ || stream != self->stream_) return;
        self->reading_ = false;
        self->OnRead(status, num_bytes, ended);
      });
}

void ClientExchange::OnRead(const Status& status, size_t num_bytes, bool ended) {
  if (!status.ok()) return FailOrRetry(status);
  Touch();
  if (ended) {
    if (parser_->got_any_byte()) parser_->FeedEof();
    if (parser_->state() == HttpParser::State::kDone) return Complete();
    return FailOrRetry(Unavailable(
        fmt::format("{} closed the connection before its answer was complete", PeerOf(url_))));
  }
  input_.append(buffer_.get(), num_bytes);
  ParseInput();
  if (!finished_) ReadMore();
}

void ClientExchange::ParseInput() {
  while (!finished_ && ParseSome()) {
  }
}

bool ClientExchange::ParseSome() {
  const size_t consumed = parser_->Feed(input_);
  input_.erase(0, consumed);
  if (parser_->state() == HttpParser::State::kFailed && parser_->failure_status() == 413) {
    Finish(Status(Code::kTooLarge, fmt::format("the answer of {} has more than {} bytes",
                                               PeerOf(url_), max_body_bytes_)));
    return false;
  }
  if (parser_->state() == HttpParser::State::kFailed) {
    Finish(Unavailable(
        fmt::format("{} sent a malformed answer: {}", PeerOf(url_), parser_->failure())));
    return false;
  }
  if (parser_->state() == HttpParser::State::kHead) return false;
  if (!got_head_) {
    OnHead();
    return !finished_;
  }
  const std::string body = parser_->TakeBody();
  if (!body.empty() && callbacks_.on_body) callbacks_.on_body(body);
  if (parser_->state() == HttpParser::State::kDone) Complete();
  return consumed > 0;
}

void ClientExchange::ResetParser() {
  parser_ = HttpParser::Create(MessageKind::kResponse, {.max_header_bytes = kMaxHeaderBytes,
                                                        .max_body_bytes = max_body_bytes_});
  if (request_.method == "HEAD") parser_->ExpectNoBody();
}

void ClientExchange::OnHead() {
  const MessageHead& head = parser_->head();
  if (head.status == 101)
    return Finish(Unavailable(PeerOf(url_) + " switched to another protocol unasked"));
  if (head.status < 200) {  // an interim answer; the real one follows
    return ResetParser();
  }
  got_head_ = true;
  if (callbacks_.on_head) callbacks_.on_head(head.status, head.headers);
}

void ClientExchange::Complete() {
  const bool reusable =
      parser_->keep_alive() && output_offset_ == output_.size() && input_.empty() && !reading_;
  if (reusable) host_.KeepIdle(origin_, std::exchange(stream_, nullptr));
  Finish(OkStatus());
}

// A kept connection may have been closed by the peer just when it was used again: a request that
// changes nothing is then sent once more, on a new one.
void ClientExchange::FailOrRetry(const Status& status) {
  if (!reused_ || parser_->got_any_byte() || !IsIdempotent(request_.method)) return Finish(status);
  stream_->Close();
  UseStream(nullptr);
}

// --- Time and end --------------------------------------------------------------------------------

void ClientExchange::Touch() {
  deadline_ = steady_clock::now() + Seconds(request_.idle_timeout_seconds);
}

// One wait at a time; what happens meanwhile only moves deadline_.
void ClientExchange::ArmTimer() {
  timer_->expires_at(deadline_);
  timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) self->OnTimer();
  });
}

void ClientExchange::OnTimer() {
  if (finished_) return;
  if (connected_ && paused_) Touch();
  if (deadline_ > steady_clock::now()) return ArmTimer();
  Finish(Status(Code::kDeadlineExceeded,
                connected_ ? fmt::format("{} sent nothing for {}", PeerOf(url_),
                                         FormatDuration(request_.idle_timeout_seconds))
                           : fmt::format("connecting to {} took longer than {}", PeerOf(url_),
                                         FormatDuration(request_.connect_timeout_seconds))));
}

void ClientExchange::Finish(const Status& status) {
  if (std::exchange(finished_, true)) return;
  const auto self = shared_from_this();
  timer_.reset();
  if (stream_) stream_->Close();
  stream_.reset();
  host_.OnFinished(this);
  // Released before on_done returns to whoever waits for it.
  const ExchangeCallbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_done) callbacks.on_done(status);
}

}  // namespace redline::net
