#include "backends/launch/shim.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "backends/launch/launch_files.h"
#include "backends/launch/process_tree.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr char kShimLog[] = "shim";
constexpr int kFailed = 1;

// An agent that looks whether the lock is free holds it for an instant: try again.
Result<FileLock> AcquireLock(const LaunchFiles& files) {
  constexpr int kTries = 20;
  for (int attempt = 1;; ++attempt) {
    auto lock = FileLock::Acquire(files.lock());
    if (lock.ok() || attempt == kTries) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Processes of this control group that the kernel's OOM killer has ended so far; 0 when unknown.
int64_t OomKills() {
  auto own = ReadFile("/proc/self/cgroup", 4096);
  if (!own.ok() || !own->starts_with("0::/")) return 0;
  const std::string path(Trim(std::string_view(*own).substr(4)));
  auto events = ReadFile(std::filesystem::path("/sys/fs/cgroup") / path / "memory.events", 4096);
  if (!events.ok()) return 0;
  for (const std::string& line : Split(*events, '\n')) {
    constexpr std::string_view kKey = "oom_kill ";
    if (line.starts_with(kKey)) return ParseInt64(line.substr(kKey.size())).value_or(0);
  }
  return 0;
}

sigset_t WatchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, number);
  return set;
}

// One life of one engine. Single-threaded: PR_SET_PDEATHSIG is about the thread that forked.
class Shim {
 public:
  Shim(LaunchFiles files, LaunchSpec spec)
      : files_(std::move(files)), spec_(std::move(spec)), signals_(WatchedSignals()) {}
  int Run();

 private:
  void StopWithStarter() const;
  Status StartEngine();
  int WaitForEngine();
  void OnStopSignal(const siginfo_t& info);
  std::optional<int> ReapChildren();
  timespec TimeToDeadline() const;
  void RecordExit(int wait_status);
  void Save() const;

  const LaunchFiles files_;
  const LaunchSpec spec_;
  const sigset_t signals_;
  LaunchState state_;
  int64_t oom_kills_before_ = 0;
  std::optional<MonotonicTime> kill_at_;  // set by the first stop signal
};

int Shim::Run() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
  ::signal(SIGHUP, SIG_IGN);
  StopWithStarter();
  state_.boot_id = BootId();
  state_.shim = {::getpid(), ProcessStartTime(::getpid()).value_or(0)};
  state_.generation = spec_.generation;
  state_.started_at_ms = UnixMillis();
  oom_kills_before_ = OomKills();
  if (const Status status = StartEngine(); !status.ok()) {
    LogError(kShimLog, "{}", status.message());
    state_.exit = EngineExit{.description = status.message(), .code = 127, .at_ms = UnixMillis()};
    Save();
    return kFailed;
  }
  Save();
  const int wait_status = WaitForEngine();
  KillDescendants();
  RecordExit(wait_status);
  return 0;
}

// The kernel tells of the starter's end like anybody who wants the engine to stop. Where it has
// ended before, it is told at once.
void Shim::StopWithStarter() const {
  if (spec_.stops_with == 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != spec_.stops_with) ::raise(SIGTERM);
}

Status Shim::StartEngine() {
  SpawnOptions options;
  options.argv = spec_.argv;
  options.env = spec_.env;
  options.env[kLaunchTagVariable] = LaunchTag(files_.dir, spec_.generation);
  options.stdout_path = spec_.log_path;
  options.stderr_path = spec_.log_path;
  options.new_session = true;
  options.die_with_parent = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  state_.engine = {pid, ProcessStartTime(pid).value_or(0)};
  return OkStatus();
}

// The engine's wait status.
int Shim::WaitForEngine() {
  while (true) {
    if (const auto wait_status = ReapChildren()) return *wait_status;
    const timespec timeout = TimeToDeadline();
    siginfo_t info{};
    const int number = ::sigtimedwait(&signals_, &info, &timeout);
    if (number == SIGTERM || number == SIGINT) OnStopSignal(info);
    if (kill_at_ && MonotonicNow() >= *kill_at_) ::kill(-state_.engine.pid, SIGKILL);
  }
}

void Shim::OnStopSignal(const siginfo_t& info) {
  const bool has_value = info.si_code == SI_QUEUE && info.si_value.sival_int >= 0;
  const double grace_seconds = has_value ? info.si_value.sival_int / 1000.0 : spec_.grace_seconds;
  const auto deadline =
      MonotonicNow() + std::chrono::milliseconds(static_cast<int64_t>(grace_seconds * 1000));
  // A second signal can only hurry it.
  if (kill_at_) {
    kill_at_ = std::min(*kill_at_, deadline);
    return;
  }
  kill_at_ = deadline;
  ::kill(state_.engine.pid, SIGTERM);
}

// Reaps what has ended, the orphans of the engine included; the engine's wait status once it has.
std::optional<int> Shim::ReapChildren() {
  std::optional<int> engine_status;
  int wait_status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &wait_status, WNOHANG);
    if (pid <= 0) return engine_status;
    if (pid == state_.engine.pid) engine_status = wait_status;
  }
}

timespec Shim::TimeToDeadline() const {
  constexpr int64_t kIdleMs = 60'000;
  int64_t wait_ms = kIdleMs;
  if (kill_at_) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(*kill_at_ - MonotonicNow()).count();
    // Past the deadline the kill is repeated until the engine is reaped.
    wait_ms = std::clamp<int64_t>(left + 1, 20, kIdleMs);
  }
  return {.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1'000'000};
}

void Shim::RecordExit(int wait_status) {
  EngineExit exit;
  exit.description = DescribeWaitStatus(wait_status);
  if (WIFEXITED(wait_status)) exit.code = WEXITSTATUS(wait_status);
  exit.requested = kill_at_.has_value();
  exit.out_of_memory = !exit.requested && WIFSIGNALED(wait_status) &&
                       WTERMSIG(wait_status) == SIGKILL && OomKills() > oom_kills_before_;
  exit.at_ms = UnixMillis();
  state_.exit = exit;
  Save();
}

void Shim::Save() const {
  if (const Status status = WriteLaunchState(files_, state_); !status.ok())
    LogError(kShimLog, "{}", status.message());
}

}  // namespace

int RunShim(const ShimOptions& options) {
  const LaunchFiles files{options.dir};
  auto lock = AcquireLock(files);
  auto spec = ReadLaunchSpec(files);
  const Status status = lock.ok() ? spec.status() : lock.status();
  if (!status.ok()) {
    LogError(kShimLog, "{}", status.message());
    return kFailed;
  }
  return Shim(files, std::move(spec).value()).Run();
}

}  // namespace redline::backends
