#include "net/http_client.h"

#include <fmt/format.h>

#include <future>
#include <map>
#include <unordered_map>
#include <vector>

#include "net/client_exchange.h"

namespace redline::net {
namespace {

using std::chrono::steady_clock;

constexpr size_t kMaxIdlePerOrigin = 16;
// Shorter than servers keep connections (75 s is usual), so that theirs is not the first to end.
constexpr std::chrono::seconds kMaxIdleTime(30);

struct IdleStream {
  std::shared_ptr<ClientStream> stream;
  steady_clock::time_point since;
};

}  // namespace

// Everything but `thread` itself is touched on the I/O thread only.
struct HttpClient::Impl : public ExchangeHost {
  Impl() : thread("http-client"), sweep_timer(thread.context()) {}

  static std::shared_ptr<Exchange> Start(const std::shared_ptr<Impl>& impl, ClientRequest request,
                                         ExchangeCallbacks callbacks, uint64_t max_body_bytes) {
    auto exchange = std::make_shared<ClientExchange>(*impl, impl, std::move(request),
                                                     std::move(callbacks), max_body_bytes);
    impl->thread.Post([impl = impl.get(), exchange] {
      if (impl->stopping)
        return exchange->Finish(Status(Code::kCancelled, "the HTTP client was stopped"));
      impl->running[exchange.get()] = exchange;
      exchange->Begin();
    });
    return exchange;
  }

  IoThread& io_thread() override { return thread; }
  TlsSettings& tls() override { return tls_settings; }

  std::shared_ptr<ClientStream> TakeIdle(const std::string& origin) override {
    auto& streams = idle[origin];
    while (!streams.empty()) {
      const std::shared_ptr<ClientStream> stream = std::move(streams.back().stream);
      streams.pop_back();
      if (stream->IdleAndOpen()) return stream;
      stream->Close();
    }
    return nullptr;
  }

  void KeepIdle(const std::string& origin, std::shared_ptr<ClientStream> stream) override {
    auto& streams = idle[origin];
    if (stopping || streams.size() >= kMaxIdlePerOrigin) return stream->Close();
    streams.push_back({std::move(stream), steady_clock::now()});
    if (!sweeping) Sweep();
  }

  // Ends connections that nobody used for a while; runs only while there are any.
  void Sweep() {
    const auto now = steady_clock::now();
    for (auto& [origin, streams] : idle) {
      std::erase_if(streams, [now](IdleStream& kept) {
        const bool expired = now - kept.since > kMaxIdleTime;
        if (expired) kept.stream->Close();
        return expired;
      });
    }
    std::erase_if(idle, [](const auto& entry) { return entry.second.empty(); });
    sweeping = !idle.empty() && !stopping;
    if (!sweeping) return;
    sweep_timer.expires_after(kMaxIdleTime);
    sweep_timer.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) Sweep();
    });
  }

  void OnFinished(ClientExchange* exchange) override { running.erase(exchange); }

  void Stop() {
    stopping = true;
    const auto all = running;
    for (const auto& [key, exchange] : all)
      exchange->Finish(Status(Code::kCancelled, "the HTTP client was stopped"));
    for (auto& [origin, streams] : idle) {
      for (IdleStream& stream : streams) stream.stream->Close();
    }
    idle.clear();
    sweep_timer.cancel();
  }

  IoThread thread;
  boost::asio::steady_timer sweep_timer;
  TlsSettings tls_settings;
  std::map<std::string, std::vector<IdleStream>> idle;  // by origin, latest last
  std::unordered_map<ClientExchange*, std::shared_ptr<ClientExchange>> running;
  bool sweeping = false;
  bool stopping = false;
};

HttpClient::HttpClient() : impl_(std::make_shared<Impl>()) {}

HttpClient::~HttpClient() {
  impl_->thread.Post([impl = impl_.get()] { impl->Stop(); });
  impl_->thread.Join();
}

std::shared_ptr<Exchange> HttpClient::Start(ClientRequest request, ExchangeCallbacks callbacks) {
  return Impl::Start(impl_, std::move(request), std::move(callbacks), UINT64_MAX);
}

Result<HttpResponse> HttpClient::Fetch(const ClientRequest& request) {
  if (impl_->thread.IsCurrent())
    return FailedPrecondition("Fetch would wait for its own thread; use Start");
  HttpResponse response;
  std::promise<Status> done;
  ExchangeCallbacks callbacks;
  callbacks.on_head = [&](int status, const Headers& headers) {
    response.status = status;
    response.headers = headers;
  };
  callbacks.on_body = [&](std::string_view bytes) { response.body.append(bytes); };
  callbacks.on_done = [&](const Status& status) { done.set_value(status); };
  Impl::Start(impl_, request, std::move(callbacks), request.max_response_bytes);
  RL_RETURN_IF_ERROR(done.get_future().get());
  return response;
}

}  // namespace redline::net
