// The two files through which an agent and a shim speak, in the instance's directory:
// spec.json (agent to shim, before the start) and state.json (shim to whoever asks).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::backends {

// What a shim is to run.
struct LaunchSpec {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  // added to the shim's own
  int64_t generation = 0;
  std::filesystem::path log_path;  // appended to
  double grace_seconds = 30;       // from SIGTERM to SIGKILL, unless the signal says
  // The process whose end ends the engine, which starts the shim itself; 0: engines outlive whoever
  // started them.
  pid_t stops_with = 0;
};

// A process, for good: pids are reused, pid and start time of one boot are not.
struct ProcessName {
  pid_t pid = 0;
  uint64_t start_time = 0;  // clock ticks since boot
};

struct EngineExit {
  std::string description;     // "exit code 1", "killed by signal 9 (Killed)"
  std::optional<int> code;     // absent: by a signal
  bool out_of_memory = false;  // the kernel's OOM killer
  bool requested = false;      // the shim had been told to stop
  int64_t at_ms = 0;           // Unix time
};

// What became of it. Rewritten when the engine has started and when it has ended.
struct LaunchState {
  std::string boot_id;
  ProcessName shim;
  ProcessName engine;  // pid 0: could not be started
  int64_t generation = 0;
  int64_t started_at_ms = 0;
  std::optional<EngineExit> exit;
};

struct LaunchFiles {
  std::filesystem::path dir;
  std::filesystem::path spec() const { return dir / "spec.json"; }
  std::filesystem::path state() const { return dir / "state.json"; }
  std::filesystem::path lock() const { return dir / "shim.lock"; }  // held by a shim for life
};

Status WriteLaunchSpec(const LaunchFiles& files, const LaunchSpec& spec);
Result<LaunchSpec> ReadLaunchSpec(const LaunchFiles& files);
Status WriteLaunchState(const LaunchFiles& files, const LaunchState& state);
Result<LaunchState> ReadLaunchState(const LaunchFiles& files);

// Differs between boots of the machine; empty when unknown.
std::string BootId();
// The value of the environment variable REDLINE_LAUNCH, by which every process of one launch can be
// found, whatever session it is in and whoever its parent has become.
std::string LaunchTag(const std::filesystem::path& dir, int64_t generation);

}  // namespace redline::backends
