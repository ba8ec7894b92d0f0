#include "platform/gateway/server_proxy.h"

#include <array>
#include <mutex>

#include "base/log.h"
#include "net/target.h"

namespace redline::platform {
namespace {

constexpr size_t kPauseReplyAboveBytes = 1 << 20;
// Long polls and logs that are followed may be silent for a while.
constexpr double kServerSilenceSeconds = 120;

// Of one connection only, or made anew by each side.
bool IsHopByHop(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {
      "connection",     "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
      "content-length", "expect",     "proxy-connection"};
  for (const std::string_view hop : kNames) {
    if (net::EqualHeaderName(name, hop)) return true;
  }
  return false;
}

net::Headers EndToEnd(const net::Headers& headers) {
  net::Headers kept;
  for (const auto& header : headers) {
    if (!IsHopByHop(header.first)) kept.push_back(header);
  }
  return kept;
}

// The path that was judged, encoded again: no spelling of it can mean another one to the server.
std::string TargetOf(const net::HttpRequest& request) {
  const size_t query = request.target.find('?');
  return net::PercentEncodePath(request.path) +
         (query == std::string::npos ? "" : request.target.substr(query));
}

// One answer on its way back. Callbacks of the exchange come on the client's thread, in order;
// those of the writer on the server's I/O threads: `mutex_` guards `exchange_`.
class Forwarded : public std::enable_shared_from_this<Forwarded> {
 public:
  explicit Forwarded(std::shared_ptr<net::ResponseWriter> writer) : writer_(std::move(writer)) {}

  void Start(net::HttpClient& client, net::ClientRequest request) {
    const std::lock_guard lock(mutex_);
    writer_->OnPeerClosed([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->CancelUpstream();
    });
    writer_->OnDrained([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Resume();
    });
    net::ExchangeCallbacks callbacks;
    callbacks.on_head = [self = shared_from_this()](int status, const net::Headers& headers) {
      self->has_head_ = true;
      self->writer_->StartStream(status, WithLength(headers));
    };
    callbacks.on_body = [self = shared_from_this()](std::string_view bytes) {
      self->OnBody(bytes);
    };
    callbacks.on_done = [self = shared_from_this()](const Status& status) { self->OnDone(status); };
    exchange_ = client.Start(std::move(request), std::move(callbacks));
  }

 private:
  // The server's own Content-Length is kept, so that a cut answer shows.
  static net::Headers WithLength(const net::Headers& headers) {
    net::Headers kept = EndToEnd(headers);
    const std::string_view length = net::FindHeader(headers, "Content-Length");
    if (!length.empty()) kept.emplace_back("Content-Length", length);
    return kept;
  }

  void OnBody(std::string_view bytes) {
    const bool taken = writer_->Write(std::string(bytes));
    // Under the lock, so that a drained writer resumes after the pause and not before.
    const std::lock_guard lock(mutex_);
    if (!taken) exchange_->Cancel();
    if (taken && writer_->BufferedBytes() > kPauseReplyAboveBytes) exchange_->SetPaused(true);
  }

  void OnDone(const Status& status) {
    if (status.ok()) return writer_->End();
    if (has_head_) return writer_->Abort();
    LogDebug("gateway", "the server did not answer: {}", status.message());
    writer_->Send(net::ErrorResponse(Unavailable(
        "the management server is not answering; inference goes on; it is restarted by redline up: "
        "try again shortly")));
  }

  void Resume() {
    const std::lock_guard lock(mutex_);
    if (exchange_) exchange_->SetPaused(false);
  }
  void CancelUpstream() {
    const std::lock_guard lock(mutex_);
    if (exchange_) exchange_->Cancel();
  }

  const std::shared_ptr<net::ResponseWriter> writer_;  // shared with the connection's handler
  bool has_head_ = false;                              // client's thread only
  std::mutex mutex_;
  std::shared_ptr<net::Exchange> exchange_;  // shared with the client
};

}  // namespace

void ServerProxy::Forward(net::HttpRequest request,
                          std::shared_ptr<net::ResponseWriter> writer) const {
  net::ClientRequest forwarded;
  forwarded.method = request.method;
  forwarded.url = "unix:" + server_socket_ + ":" + TargetOf(request);
  forwarded.headers = EndToEnd(request.headers);
  forwarded.body = std::move(request.body);
  forwarded.idle_timeout_seconds = kServerSilenceSeconds;
  std::make_shared<Forwarded>(std::move(writer))->Start(client_, std::move(forwarded));
}

}  // namespace redline::platform
