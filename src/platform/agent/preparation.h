// What has to be there before an engine can start: the engine itself, the model's files, and those
// in the form the engine loads. On a thread of its own.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "platform/agent/transitions.h"
#include "platform/fetch/fetch.h"

namespace redline::platform {

struct PreparationRequest {
  FetchRequest fetch;
  FetchEnvironment fetch_environment;
  const backends::Backend* backend = nullptr;
  std::string engine_version;
  std::string self;  // the redline binary: the native engine, and `redline export`
};

// What an engine starts from.
struct Prepared {
  std::vector<std::string> program;  // up to its own arguments
  std::filesystem::path model_path;  // a file or a folder, as the engine takes it
};

// What is there already; nullopt: something has to be done first. Quick.
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
