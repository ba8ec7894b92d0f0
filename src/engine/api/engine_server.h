// The engine's HTTP endpoints over one model.
//
//   GET  /health                 200 when ready; 503 {"status":"loading","progress":0.42} or
//   draining GET  /v1/models, /v1/models/{model} POST /v1/chat/completions, /v1/completions GET
//   /metrics, /server_info
//
// Thread-safe. Work moves from the I/O thread to the request threads (parsing, templates,
// tokenising), to the engine, to the output thread (text, frames).
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "engine/api/generation.h"
#include "engine/api/loaded_model.h"
#include "engine/api/prompt.h"
#include "engine/api/serve_options.h"
#include "engine/api/task_queue.h"
#include "net/http_server.h"

namespace redline::engine {

class EngineServer {
 public:
  // `metrics` outlives the server. Give router() to an HttpServer that ends before this.
  EngineServer(const ServeOptions& options, MetricsRegistry& metrics);

  const net::Router& router() const { return router_; }
  // Of loading, 0 to 1.
  void SetProgress(double fraction) { progress_ = fraction; }
  // From now on requests are answered. Called once.
  void SetReady(std::unique_ptr<LoadedModel> model);
  // Not ready any more; refuses new requests and waits for those in flight; after the deadline they
  // end with an error. Whether all ended by themselves.
  bool Drain(double deadline_seconds);
  // Ends what a Drain on another thread waits for.
  void Abort();

 private:
  enum class State { kLoading, kReady, kDraining };
  using Prepare = PreparedRequest (*)(std::string_view body, const Served& served);

  void AddRoutes();
  void AddGenerationRoute(const std::string& path, Prepare prepare);
  void HandleGeneration(net::HttpRequest request, std::shared_ptr<net::ResponseWriter> writer,
                        Prepare prepare);
  void Generate(const std::string& body, Client client, Prepare prepare);
  Status SubmitToEngine(GenerationRequest request, const Client& client);
  Status CheckKey(const net::HttpRequest& request) const;
  Status CheckReady() const;
  net::HttpResponse Health() const;
  net::HttpResponse Models(const std::string& model_name) const;
  std::string_view StateName() const;

  const ServeOptions options_;
  const std::string model_name_;
  const int64_t created_;
  MetricsRegistry& metrics_;
  net::Router router_;
  std::atomic<State> state_ = State::kLoading;
  std::atomic<double> progress_ = 0;
  std::atomic<LoadedModel*> model_ = nullptr;  // set before state_ becomes kReady, then constant
  // In this order: the request threads end first, then the model and its engine, whose last events
  // still go through the output thread.
  TaskQueue output_;
  std::unique_ptr<LoadedModel> owned_model_;
  TaskQueue requests_;
};

}  // namespace redline::engine
