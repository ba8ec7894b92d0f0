// The engine's HTTP endpoints over one model.
//
//   GET  /health                 200 when ready; 503 {"status":"loading","progress":0.42} or
//   draining GET  /v1/models, /v1/models/{model} POST /v1/chat/completions, /v1/completions POST
//   /tokenize, /detokenize GET  /metrics, /server_info
//
// Thread-safe. Work moves from the I/O thread to the request threads (parsing, templates,
// tokenising), for structured output to the grammar thread, then to the output thread (submitting,
// text, frames) and from there to the engine and back.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "engine/api/answer_group.h"
#include "engine/api/api_metrics.h"
#include "engine/api/loaded_model.h"
#include "engine/api/prepare.h"
#include "engine/api/serve_options.h"
#include "engine/api/task_queue.h"
#include "net/http_server.h"

namespace redline::engine {

class EngineServer {
 public:
  // `metrics` outlives the server. Give router() to an HttpServer that ends before this.
  EngineServer(const ServeOptions& options, MetricsRegistry& metrics);
  // Ends what is in flight.
  ~EngineServer();

  const net::Router& router() const { return router_; }
  // Of loading, 0 to 1.
  void SetProgress(double fraction) { progress_ = fraction; }
  // From now on requests are answered. Called once.
  void SetReady(std::unique_ptr<LoadedModel> model);
  // Not ready any more; refuses new requests and waits for those in flight; after the deadline they
  // end with an error. Whether all ended by themselves.
  bool Drain(double deadline_seconds);
  // Ends what a Drain on another thread waits for. Whether there was nothing to end.
  bool Abort();

 private:
  enum class State { kLoading, kReady, kDraining };
  // Answers a request whose body is `body`, on a request thread.
  using Work = std::function<void(const std::string& body, const Client& client)>;

  void AddRoutes();
  void AddPost(const std::string& path, Work work);
  // A POST that is answered at once, by a pure function of its body and the model.
  void AddQuestion(const std::string& path,
                   net::HttpResponse (*answer)(std::string_view body, const Served& served));
  void AddGeneration(const std::string& path,
                     PreparedAnswer (*prepare)(std::string_view body, const Served& served));
  void HandlePost(net::HttpRequest request, std::shared_ptr<net::ResponseWriter> writer,
                  const Work& work);
  void Generate(AnswerRequest request, const Client& client);
  void CompileThenStart(AnswerRequest request, const Client& client);
  void StartAnswer(AnswerRequest request, const Client& client);
  Served served() const { return {model_name_, model_}; }
  Status CheckKey(const net::HttpRequest& request) const;
  Status CheckReady() const;
  net::HttpResponse Health() const;
  net::HttpResponse Models(const std::string& model_name) const;
  std::string_view StateName() const;

  const ServeOptions options_;
  const std::string model_name_;
  const int64_t created_;
  MetricsRegistry& metrics_;
  ApiMetrics api_metrics_;
  net::Router router_;
  std::atomic<State> state_ = State::kLoading;
  std::atomic<double> progress_ = 0;
  std::atomic<LoadedModel*> model_ = nullptr;  // set before state_ becomes kReady, then constant
  // In this order: the request threads end first, then the grammar thread, then the model and its
  // engine, whose last events still go through the output thread.
  TaskQueue output_;
  std::unique_ptr<LoadedModel> owned_model_;
  TaskQueue grammars_;
  TaskQueue requests_;
};

}  // namespace redline::engine
