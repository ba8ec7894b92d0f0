// What has to be there before an engine can start: the engine itself, the model's files, those in
// the form the engine loads, and room for it on the node (preflight.h). On a thread of its own.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "backends/devices/devices.h"
#include "platform/agent/transitions.h"
#include "platform/fetch/fetch.h"

namespace redline::platform {

struct PreparationRequest {
  FetchRequest fetch;
  FetchEnvironment fetch_environment;
  const backends::Backend* backend = nullptr;
  std::string engine_version;
  std::string self;           // the redline binary: the native engine, and `redline export`
  std::string model_path;     // on this node, instead of the files; empty: they are fetched
  std::vector<int64_t> gpus;  // its own, by index; empty: it runs on the CPU
  int64_t gpu_bytes = 0;      // that it takes of each; 0: not known
  int64_t memory_bytes = 0;   // of the host; 0: not known
  backends::DeviceOptions device_options;
};

// What an engine starts from.
struct Prepared {
  std::vector<std::string> program;  // up to its own arguments
  std::filesystem::path model_path;  // a file or a folder, as the engine takes it
};

// Of a result: whether trying again is of no use until somebody does something about it.
bool IsFinal(const Status& status);

// What is there already; nullopt: something has to be done or asked for first. Quick.
std::optional<Prepared> AlreadyPrepared(const PreparationRequest& request);

// Owned by one thread. Destruction cancels and waits.
class Preparation {
 public:
  explicit Preparation(PreparationRequest request);

  FetchState state() const;
  // Whether it is at the model's files; else it installs or converts.
  bool is_downloading() const;
  // While it runs.
  spec::Progress progress() const;
  // Once it has ended.
  Result<Prepared> result() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  spec::Progress progress_;
  bool is_downloading_ = false;
  std::optional<Result<Prepared>> result_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace redline::platform
