#include "platform/supervisor/supervisor.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/files.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/http_server.h"
#include "platform/layout.h"
#include "platform/supervisor/bootstrap.h"
#include "platform/supervisor/child.h"
#include "platform/supervisor/joined_nodes.h"

namespace redline::platform {
namespace {

constexpr size_t kAdminKeyCharacters = 40;
constexpr uint64_t kLogRotateBytes = uint64_t{16} << 20;
constexpr double kGatewayStopSeconds = 35;  // its own drain deadline is 30
constexpr double kAgentStopSeconds = 60;
constexpr double kServerStopSeconds = 10;

// Blocks the signals the main loop waits for; children get them unblocked by Spawn.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

Result<std::string> LoadOrMakeAdminKey(const std::filesystem::path& path) {
  auto existing = ReadFile(path, 4096);
  if (existing.ok()) {
    const std::string key(Trim(*existing));
    if (key.size() < 20)
      return DataLoss(path.string() +
                      " does not hold a key of at least 20 characters; remove it "
                      "to have a new one made");
    if (::chmod(path.c_str(), 0600) != 0) return ErrnoStatus("chmod " + path.string(), errno);
    return key;
  }
  if (existing.status().code() != Code::kNotFound) return existing.status();
  const std::string key = "rl-" + RandomToken(kAdminKeyCharacters);
  RL_RETURN_IF_ERROR(WriteFileAtomic(path, key + "\n", 0600));
  return key;
}

// Keeps one earlier log. A log in use is never renamed: this runs before its process starts.
void RotateLog(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return;
  if (static_cast<uint64_t>(info.st_size) < kLogRotateBytes) return;
  ::rename(path.c_str(), (path.string() + ".1").c_str());
}

class Supervisor {
 public:
  Supervisor(const UpOptions& options, DataLayout layout, int listen_fd)
      : layout_(std::move(layout)),
        server_(MakeChild(options, "server", {})),
        gateway_(MakeChild(options, "gateway", {listen_fd})),
        agent_(MakeChild(options, "agent", {})) {}

  void Run(const sigset_t& signals) {
    while (true) {
      EnsureChildren();
      const int number = WaitForSignal(signals);
      if (number == SIGTERM || number == SIGINT) break;
      if (number == SIGHUP) ReplaceChildren();
      Reap();
    }
    Shutdown(signals);
  }

 private:
  Child MakeChild(const UpOptions& options, const std::string& role, std::vector<int> fds) {
    const auto log = layout_.log(role);
    RotateLog(log);
    SpawnOptions spawn;
    spawn.argv = {SelfExecutable().string(), role,          "--data-dir",
                  layout_.root.string(),     "--cache-dir", options.cache_dir.string()};
    for (const int fd : fds) {
      spawn.argv.insert(spawn.argv.end(), {"--listen-fd", std::to_string(fd)});
    }
    spawn.stdout_path = log;
    spawn.stderr_path = log;
    spawn.inherited_fds = std::move(fds);
    spawn.die_with_parent = true;
    return Child(role, std::move(spawn));
  }

  std::array<Child*, 3> Children() { return {&server_, &gateway_, &agent_}; }

  void EnsureChildren() {
    for (Child* child : Children()) child->EnsureRunning();
  }

  // SIGCHLD may be lost in a burst, and back-offs end in silence: look again ten times a second.
  static int WaitForSignal(const sigset_t& signals) {
    const timespec timeout = {0, 100'000'000};
    return ::sigtimedwait(&signals, nullptr, &timeout);
  }

  void Reap() {
    int status = 0;
    for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0;
         pid = ::waitpid(-1, &status, WNOHANG)) {
      for (Child* child : Children()) {
        if (child->OnExit(pid, status)) break;
      }
    }
  }

  // The new gateway accepts on the shared socket before the old one stops accepting.
  void ReplaceChildren() {
    LogInfo("up", "replacing server, gateway and agent; engines go on");
    const pid_t old_gateway = gateway_.Detach();
    const pid_t old_server = server_.Detach();
    const pid_t old_agent = agent_.Detach();
    gateway_.EnsureRunning();
    Replace(old_server, SIGTERM, server_);
    Replace(old_agent, SIGHUP, agent_);
    if (old_gateway > 0) ::kill(old_gateway, SIGHUP);
  }

  // Server and agent each own files that only one process may use: the old one ends first.
  static void Replace(pid_t old_pid, int number, Child& child) {
    if (old_pid > 0) {
      ::kill(old_pid, number);
      WaitOrKill(old_pid, kServerStopSeconds);
    }
    child.EnsureRunning();
  }

  static void WaitOrKill(pid_t pid, double seconds) {
    const MonotonicTime begin = MonotonicNow();
    while (SecondsSince(begin) < seconds) {
      if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }

  void Shutdown(const sigset_t& signals) {
    LogInfo("up", "stopping: draining requests (a second signal skips this)");
    StopChild(gateway_, kGatewayStopSeconds, &signals);
    LogInfo("up", "stopping engines");
    HaveNodesLeave(layout_, kAgentStopSeconds);
    StopChild(agent_, kAgentStopSeconds, nullptr);
    StopChild(server_, kServerStopSeconds, nullptr);
    LogInfo("up", "stopped");
  }

  // With `signals`, a second SIGTERM or SIGINT ends the wait and the child at once.
  static void StopChild(Child& child, double seconds, const sigset_t* signals) {
    const pid_t pid = child.Detach();
    if (pid <= 0) return;
    ::kill(pid, SIGTERM);
    const MonotonicTime begin = MonotonicNow();
    while (SecondsSince(begin) < seconds) {
      if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
      if (signals == nullptr) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      const int number = WaitForSignal(*signals);
      if (number == SIGTERM || number == SIGINT) break;
    }
    LogWarn("up", "{} did not stop in time: killed", child.role());
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }

  DataLayout layout_;
  Child server_;
  Child gateway_;
  Child agent_;
};

// Whether anything will stand in the way, found out before a file is made.
Result<UniqueFd> ListenOrExplain(const UpOptions& options) {
  auto fd = net::ListenTcp(options.address, options.port);
  if (fd.ok()) return UniqueFd(*fd);
  if (fd.status().code() != Code::kAlreadyExists) return fd.status();
  return Status(Code::kAlreadyExists,
                "port " + std::to_string(options.port) + " on " + options.address +
                    " is in use; stop what uses it or choose another with --port",
                "port");
}

}  // namespace

Status RunUp(const UpOptions& options) {
  RL_ASSIGN_OR_RETURN(const UniqueFd listener, ListenOrExplain(options));
  RL_ASSIGN_OR_RETURN(DataLayout layout, PrepareDataDir(options.data_dir));
  auto lock = FileLock::Acquire(layout.lock());
  if (!lock.ok()) {
    return lock.status().WithContext("data directory " + layout.root.string() +
                                     " is in use (redline down stops it, or choose another with "
                                     "--data-dir)");
  }
  RL_ASSIGN_OR_RETURN(const std::string admin_key, LoadOrMakeAdminKey(layout.admin_key()));
  const sigset_t signals = BlockSignals();
  const BootstrapTask task{layout, "http://" + options.address + ":" + std::to_string(options.port),
                           admin_key, options.default_model, options.port};
  std::atomic<bool> stop = false;
  Supervisor supervisor(options, layout, listener.get());
  std::thread bootstrap([&] { RunBootstrap(task, stop); });
  supervisor.Run(signals);
  stop = true;
  bootstrap.join();
  ::unlink(layout.up_state().c_str());
  return OkStatus();
}

}  // namespace redline::platform
