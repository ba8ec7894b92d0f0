#include "platform/gateway/snapshot_watcher.h"

#include <pthread.h>

#include <chrono>
#include <future>
#include <string>

#include "base/log.h"

namespace redline::platform {
namespace {

constexpr int kWaitSeconds = 25;
constexpr std::chrono::milliseconds kRetryDelay(100);

}  // namespace

SnapshotWatcher::SnapshotWatcher(std::filesystem::path server_socket, SnapshotHolder& holder)
    : url_("unix:" + server_socket.string() + ":/internal/v1/snapshot"),
      holder_(holder),
      thread_([this] { Loop(); }) {}

SnapshotWatcher::~SnapshotWatcher() {
  stop_ = true;
  {
    std::lock_guard lock(mutex_);
    if (exchange_) exchange_->Cancel();
  }
  thread_.join();
}

void SnapshotWatcher::Loop() {
  ::pthread_setname_np(::pthread_self(), "snapshot");
  bool server_here = true;
  while (!stop_) {
    const Status status = PollOnce();
    if (stop_) return;
    if (status.ok() != server_here) {
      server_here = status.ok();
      if (server_here) {
        LogInfo("gateway", "the server answers again");
      } else {
        LogWarn("gateway", "serving from the last snapshot: {}", status.message());
      }
    }
    if (!status.ok()) std::this_thread::sleep_for(kRetryDelay);
  }
}

Status SnapshotWatcher::PollOnce() {
  net::ClientRequest request;
  request.url = url_ + "?revision=" + std::to_string(holder_.Current()->revision) +
                "&wait_seconds=" + std::to_string(kWaitSeconds);
  request.idle_timeout_seconds = kWaitSeconds + 10;
  net::HttpResponse response;
  std::promise<Status> done;
  net::ExchangeCallbacks callbacks;
  callbacks.on_head = [&](int status, const net::Headers&) { response.status = status; };
  callbacks.on_body = [&](std::string_view bytes) { response.body.append(bytes); };
  callbacks.on_done = [&](const Status& status) { done.set_value(status); };
  {
    std::lock_guard lock(mutex_);
    if (stop_) return OkStatus();
    exchange_ = client_.Start(std::move(request), std::move(callbacks));
  }
  RL_RETURN_IF_ERROR(done.get_future().get());
  if (response.status != 200)
    return Unavailable("the server answered " + std::to_string(response.status));
  auto snapshot = ParseSnapshot(response.body);
  if (!snapshot.ok()) return snapshot.status();
  if (snapshot->revision == holder_.Current()->revision) return OkStatus();
  return holder_.Replace(response.body);
}

}  // namespace redline::platform
