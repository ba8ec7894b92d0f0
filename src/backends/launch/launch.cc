#include "backends/launch/launch.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "backends/launch/process_tree.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr char kLaunchLog[] = "launch";
constexpr uint64_t kMaxLogBytes = 16 << 20;

// A shim that ended before its start time could be read (0) is known by its pid alone: it is a
// child that has not been reaped, so nobody else can have got its pid.
bool IsOf(const LaunchState& state, const ProcessName& shim) {
  return state.shim.pid == shim.pid &&
         (shim.start_time == 0 || state.shim.start_time == shim.start_time);
}

bool IsLive(const Result<LaunchState>& state) {
  return state.ok() && state->boot_id == BootId() &&
         ProcessAlive(state->shim.pid, state->shim.start_time);
}

// Until the shim holds its lock, another agent could not tell that it is there.
void AwaitShim(const LaunchFiles& files, pid_t shim) {
  constexpr double kShimPatienceSeconds = 2;
  const MonotonicTime start = MonotonicNow();
  while (SecondsSince(start) < kShimPatienceSeconds && ProcessStartTime(shim)) {
    auto holder = ReadFile(files.lock(), 64);
    if (holder.ok() && ParseInt64(Trim(*holder)) == shim) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

void RotateLog(const std::filesystem::path& log_path, uint64_t max_bytes) {
  std::error_code error;
  if (std::filesystem::file_size(log_path, error) <= max_bytes || error) return;
  std::filesystem::rename(log_path, log_path.string() + ".1", error);
}

Result<Launch> Launch::Start(const std::filesystem::path& dir, const LaunchSpec& spec,
                             const std::vector<std::string>& shim_command) {
  Launch launch(LaunchFiles{dir}, spec.generation);
  RL_RETURN_IF_ERROR(FileLock::Acquire(launch.files_.lock()).status());
  RotateLog(spec.log_path, kMaxLogBytes);
  RL_RETURN_IF_ERROR(WriteLaunchSpec(launch.files_, spec));
  // What an earlier shim said must not be taken for the word of this one.
  std::error_code error;
  std::filesystem::remove(launch.files_.state(), error);
  SpawnOptions options;
  options.argv = shim_command;
  options.argv.insert(options.argv.end(), {"--dir", dir.string()});
  // The engine's log is where people look, so the shim's own few words go there too.
  options.stdout_path = spec.log_path;
  options.stderr_path = spec.log_path;
  options.new_session = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  launch.shim_ = {pid, ProcessStartTime(pid).value_or(0)};
  launch.state_.boot_id = BootId();
  launch.is_own_child_ = true;
  launch.alive_ = true;
  AwaitShim(launch.files_, pid);
  return launch;
}

Result<Launch> Launch::Adopt(const std::filesystem::path& dir) {
  const LaunchFiles files{dir};
  constexpr int kTries = 40;
  for (int attempt = 1;; ++attempt) {
    auto state = ReadLaunchState(files);
    const bool live = IsLive(state);
    // A shim that has just been started holds the lock before it has written its state.
    const bool unlocked =
        !live && FileLock::Acquire(files.lock()).status().code() != Code::kAlreadyExists;
    if (live || (unlocked && state.ok())) {
      Launch launch(files, state->generation);
      launch.shim_ = state->shim;
      launch.state_ = *state;
      launch.Refresh();
      return launch;
    }
    if (unlocked) {
      const auto spec = ReadLaunchSpec(files);
      if (spec.ok()) KillTagged(LaunchTag(dir, spec->generation));
      return NotFound("no launch in " + dir.string() + ": " + state.status().message());
    }
    if (attempt == kTries)
      return Unavailable("a shim holds " + files.lock().string() + " but has written no state");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

bool Launch::ShimAlive() {
  if (!is_own_child_)
    return state_.boot_id == BootId() && ProcessAlive(shim_.pid, shim_.start_time);
  if (::waitpid(shim_.pid, nullptr, WNOHANG) == 0) return true;
  is_own_child_ = false;
  return false;
}

void Launch::Refresh() {
  if (!alive_ && state_.exit) return;
  // First the process, then its file: what it wrote last is then seen for sure.
  alive_ = ShimAlive();
  if (alive_ && state_.engine.pid > 0) return;
  auto state = ReadLaunchState(files_);
  if (state.ok() && IsOf(*state, shim_)) {
    state_ = std::move(state).value();
    shim_ = state_.shim;
  }
  if (alive_ || state_.exit) return;
  if (state_.boot_id != BootId()) {
    state_.exit = EngineExit{.description = "the machine was restarted", .at_ms = UnixMillis()};
    return;
  }
  const int num_killed = KillTagged(LaunchTag(files_.dir, generation_));
  LogWarn(kLaunchLog, "shim {} of {} is gone without a record; {} processes killed", shim_.pid,
          files_.dir.string(), num_killed);
  state_.exit = EngineExit{.description = "its shim was killed", .at_ms = UnixMillis()};
}

void Launch::RequestStop(double grace_seconds) {
  if (alive_) SignalProcess(shim_, SIGTERM, static_cast<int>(grace_seconds * 1000));
}

void Launch::Kill() {
  if (!alive_ || SignalProcess(state_.engine, SIGKILL)) return;
  SignalProcess(shim_, SIGKILL);
}

}  // namespace redline::backends
