#include "platform/agent/cancellable_fetch.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace redline::platform {
namespace {

// Filled on the client's thread, awaited on the caller's.
struct Pending {
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  net::HttpResponse response;
  bool too_large = false;
  std::optional<Status> done;
};

net::ExchangeCallbacks CallbacksFor(Pending& pending, size_t max_bytes) {
  return {.on_head =
              [&pending](int status, const net::Headers& headers) {
                const std::lock_guard lock(pending.mutex);
                pending.response.status = status;
                pending.response.headers = headers;
              },
          .on_body =
              [&pending, max_bytes](std::string_view bytes) {
                const std::lock_guard lock(pending.mutex);
                pending.too_large |= pending.response.body.size() + bytes.size() > max_bytes;
                if (!pending.too_large) pending.response.body += bytes;
              },
          .on_done =
              [&pending](const Status& status) {
                const std::lock_guard lock(pending.mutex);
                pending.done = status;
                pending.changed.notify_all();
              }};
}

}  // namespace

Result<net::HttpResponse> CancellableFetch(net::HttpClient& client,
                                           const net::ClientRequest& request,
                                           const std::stop_token& stop) {
  Pending pending;
  const auto exchange = client.Start(request, CallbacksFor(pending, request.max_response_bytes));
  std::unique_lock lock(pending.mutex);
  pending.changed.wait(lock, stop, [&] { return pending.done.has_value(); });
  if (!pending.done) {
    lock.unlock();
    exchange->Cancel();
    lock.lock();
    pending.changed.wait(lock, [&] { return pending.done.has_value(); });
  }
  if (stop.stop_requested()) return Status(Code::kCancelled, "cancelled");
  if (!pending.done->ok()) return *pending.done;
  if (pending.too_large) return Status(Code::kTooLarge, "the answer is too large");
  return std::move(pending.response);
}

std::string UrlOf(const std::string& base, std::string_view path) {
  return base + (base.starts_with("unix:") ? ":" : "") + std::string(path);
}

}  // namespace redline::platform
