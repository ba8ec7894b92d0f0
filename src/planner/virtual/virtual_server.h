// A virtual engine with its port: what `redline simulate` starts, once or a thousand times.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http_server.h"
#include "planner/virtual/completion_calls.h"
#include "planner/virtual/engine_dialect.h"
#include "planner/virtual/truth_cost.h"
#include "planner/virtual/virtual_driver.h"

namespace redline::planner {

struct VirtualServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;           // 0: any free one
  std::string unix_path;  // a socket instead of both; "": none
  TruthOptions truth;
  std::shared_ptr<net::IoThreads> io_threads;  // shared by all servers of the process
  // Takes lines of the engine's log, from the starting and the driver's thread; empty: there is
  // none.
  std::function<void(const std::string&)> log;
};

class VirtualServer {
 public:
  // Returns when it answers. `setup` and `driver` outlive it; the driver is stopped before it goes.
  static Result<std::unique_ptr<VirtualServer>> Start(const VirtualSetup& setup,
                                                      VirtualDriver& driver,
                                                      const VirtualServerOptions& options);

  int port() const { return server_->port(); }

 private:
  VirtualServer(const VirtualSetup& setup, VirtualDriver& driver,
                const VirtualServerOptions& options);
  Status Open();
  void AddRoutes();
  void AddStaticAnswers();
  void AddMetrics();
  void LogSteps();
  void Log(const std::vector<std::string>& lines) const;

  const VirtualSetup& setup_;
  VirtualDriver& driver_;
  const VirtualServerOptions options_;
  const EngineDialect* dialect_ = nullptr;
  const TruthCost cost_;
  std::unique_ptr<VirtualEngine> engine_;
  int64_t num_steps_ = 0;  // the driver's thread
  std::unique_ptr<CompletionCalls> calls_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;  // last: it uses what is above
};

}  // namespace redline::planner
