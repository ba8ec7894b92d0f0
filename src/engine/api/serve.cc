#include "engine/api/serve.h"

#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/api/engine_server.h"

namespace redline::engine {
namespace {

constexpr double kDrainSeconds = 30;
constexpr double kCloseSeconds = 5;  // for the last bytes, once every answer is written
constexpr long kPollNanoseconds = 50'000'000;
constexpr size_t kMaxBufferedBytes = 4 << 20;  // of a stream whose client does not read
constexpr double kSecondsPerLine = 0.5;        // of loading progress

// Blocks SIGTERM and SIGINT in this thread and those it starts, to wait for them here.
class ShutdownSignals {
 public:
  ShutdownSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
  }
  ~ShutdownSignals() {
    // One that came after the last wait asked for what is done anyway.
    const timespec now = {0, 0};
    while (sigtimedwait(&signals_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

  void Wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
  }
  // Whether one came before `done` was set.
  bool WaitUnless(const std::atomic<bool>& done) {
    const timespec poll = {0, kPollNanoseconds};
    while (!done) {
      if (sigtimedwait(&signals_, nullptr, &poll) > 0) return true;
    }
    return false;
  }

 private:
  sigset_t signals_;
  sigset_t previous_;
};

net::HttpServerOptions HttpOptions(const ServeOptions& options) {
  net::HttpServerOptions http;
  http.address = options.host;
  http.port = static_cast<int>(options.port);
  http.unix_path = options.uds;
  http.max_buffered_bytes = kMaxBufferedBytes;
  return http;
}

std::string Endpoint(const ServeOptions& options, const net::HttpServer& http) {
  if (!options.uds.empty()) return "unix:" + options.uds;
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_ipv6 ? "http://[{}]:{}" : "http://{}:{}"), options.host,
                     http.port());
}

void LogResolved(const ServeOptions& options, const LoadedModel& model) {
  const ResolvedEngine& resolved = model.engine->resolved();
  const auto bytes = [](int64_t count) { return FormatBytes(static_cast<uint64_t>(count)); };
  LogInfo("serve",
          "model {}: context_length={}, max_total_tokens={}, max_running_requests={}, "
          "num_threads={}, isa={}, memory: weights {}, kv {}, activations {}",
          ServedModelName(options), resolved.options.context_length,
          resolved.options.max_total_tokens, resolved.options.max_running_requests,
          resolved.options.num_threads, resolved.isa, bytes(resolved.weight_bytes),
          bytes(resolved.kv_bytes), bytes(resolved.activation_bytes));
}

// Loads on a thread of its own, so that a signal can end the process meanwhile.
Result<std::unique_ptr<LoadedModel>> LoadWhileWatching(std::unique_ptr<Checkpoint> checkpoint,
                                                       const ServeOptions& options,
                                                       MetricsRegistry& metrics,
                                                       ShutdownSignals& signals,
                                                       EngineServer& server) {
  LogInfo("serve", "loading: 0%");
  MonotonicTime last_line = MonotonicNow();
  const auto progress = [&](double fraction) {
    server.SetProgress(fraction);
    if (SecondsSince(last_line) < kSecondsPerLine) return;
    last_line = MonotonicNow();
    LogInfo("serve", "loading: {}%", static_cast<int>(fraction * 100));
  };
  std::atomic<bool> done = false;
  std::optional<Result<std::unique_ptr<LoadedModel>>> model;
  std::thread loader([&] {
    pthread_setname_np(pthread_self(), "loader");
    model.emplace(LoadModel(std::move(checkpoint), options, metrics, progress));
    done = true;
  });
  if (signals.WaitUnless(done)) {
    // No request is in flight, and a load cannot be stopped half-way.
    LogInfo("serve", "stopped while loading");
    std::_Exit(EXIT_SUCCESS);
  }
  loader.join();
  if (model->ok()) LogInfo("serve", "loading: 100%");
  return *std::move(model);
}

Status DrainAndClose(ShutdownSignals& signals, EngineServer& server, net::HttpServer& http) {
  LogInfo("serve", "shutting down: requests in flight have {} s", kDrainSeconds);
  std::atomic<bool> done = false;
  bool all_ended = false;
  std::thread drain([&] {
    pthread_setname_np(pthread_self(), "drain");
    all_ended = server.Drain(kDrainSeconds);
    done = true;
  });
  bool cut_short = false;
  if (signals.WaitUnless(done)) {
    LogWarn("serve", "second signal: ending the requests in flight");
    cut_short = !server.Abort();
  }
  drain.join();
  http.Drain(kCloseSeconds);
  if (all_ended && !cut_short) return OkStatus();
  return Status(Code::kCancelled, "shut down before every request had ended");
}

}  // namespace

Status ServeMain(const ServeOptions& options) {
  RL_RETURN_IF_ERROR(ValidateServeOptions(options));
  RL_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint, OpenCheckpoint(options.model_path));

  ShutdownSignals signals;
  MetricsRegistry metrics;
  RaiseDescriptorLimit();
  EngineServer server(options, metrics);
  RL_ASSIGN_OR_RETURN(std::unique_ptr<net::HttpServer> http,
                      net::HttpServer::Start(HttpOptions(options), server.router()));
  RL_ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model,
                      LoadWhileWatching(std::move(checkpoint), options, metrics, signals, server));
  LogResolved(options, *model);
  server.SetReady(std::move(model));
  LogInfo("serve", "ready: listening on {}", Endpoint(options, *http));

  signals.Wait();
  return DrainAndClose(signals, server, *http);
}

}  // namespace redline::engine
