// An engine of this machine's CPU as the platform would run it: chosen, resolved, prepared and
// started, but by this process and for as long as it wants.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "base/status.h"
#include "platform/catalog/catalog.h"
#include "spec/engine_config.h"

namespace redline::app {

struct CpuEngine {
  platform::CatalogEntry entry;
  const backends::Backend* backend = nullptr;
  spec::EngineConfig config;  // resolved
  spec::Worker worker;        // this machine
  std::vector<std::string> arguments;

  std::string Name() const { return config.engine + "@" + config.version; }
};

// Asks what the platform would run here, of one model. Immutable.
class CpuEngineResolver {
 public:
  // kNotFound for a model that the library does not have.
  static Result<CpuEngineResolver> Make(const std::string& model);
  // `engine`: "native", "vllm@0.13.0". Native's flags become its parameters.
  Result<CpuEngine> Resolve(const std::string& engine, const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment) const;
  const platform::CatalogEntry& entry() const { return entry_; }
  const spec::Worker& worker() const { return worker_; }

 private:
  CpuEngineResolver() = default;

  platform::CatalogEntry entry_;
  spec::Worker worker_;
};

// Owned by one thread. Destruction ends the engine.
class RunningCpuEngine {
 public:
  using Progress = std::function<void(const std::string& phase)>;

  // Fetches, installs and exports what is missing, starts it, and waits until it answers.
  static Result<std::unique_ptr<RunningCpuEngine>> Start(const CpuEngine& engine,
                                                         const Progress& progress);
  ~RunningCpuEngine();
  RunningCpuEngine(const RunningCpuEngine&) = delete;
  RunningCpuEngine& operator=(const RunningCpuEngine&) = delete;

  const std::string& url() const { return url_; }

 private:
  RunningCpuEngine() = default;
  Status AwaitReady(const CpuEngine& engine, const Progress& progress);

  std::string url_;
  std::filesystem::path folder_;  // socket and log; removed at the end
  pid_t pid_ = 0;                 // leads a session of its own
};

}  // namespace redline::app
