// The agent's (and the tuner's) side of a launch: starts a shim, or finds one that runs already.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backends/launch/launch_files.h"
#include "base/status.h"

namespace redline::backends {

// One life of one engine. Dropping the object leaves it running. Owned by one thread.
class Launch {
 public:
  Launch(Launch&&) = default;
  Launch& operator=(Launch&&) = default;

  // Writes spec.json into `dir` (which exists) and starts `shim_command` with `--dir DIR` behind
  // it. Does not wait: whether the engine could be started is learned from Refresh.
  static Result<Launch> Start(const std::filesystem::path& dir, const LaunchSpec& spec,
                              const std::vector<std::string>& shim_command);
  // The launch that `dir` tells of, alive or ended; what a killed shim left behind is killed first.
  // kNotFound: none, or its files are damaged and no shim lives.
  static Result<Launch> Adopt(const std::filesystem::path& dir);

  // Looks again at the processes and at state.json. When the shim died without a word, kills what
  // is left of the engine and makes up an exit.
  void Refresh();

  // As of the last Refresh.
  bool alive() const { return alive_; }
  int64_t generation() const { return generation_; }
  pid_t engine_pid() const { return state_.engine.pid; }  // 0: not started yet
  int64_t started_at_ms() const { return state_.started_at_ms; }
  const std::optional<EngineExit>& exit() const { return state_.exit; }

  // Neither does anything to a launch that has ended.
  // SIGTERM for the engine now, SIGKILL after the grace.
  void RequestStop(double grace_seconds);
  // SIGKILL for the engine; for the shim when there is no engine to be seen.
  void Kill();

 private:
  Launch(LaunchFiles files, int64_t generation)
      : files_(std::move(files)), generation_(generation) {}
  bool ShimAlive();

  LaunchFiles files_;
  int64_t generation_;
  ProcessName shim_;
  bool is_own_child_ = false;  // then it is reaped here
  bool alive_ = false;
  LaunchState state_;
};

// Keeps a log below a size: when it is larger it becomes LOG.1, replacing the one before.
void RotateLog(const std::filesystem::path& log_path, uint64_t max_bytes);

}  // namespace redline::backends
