#include "backends/launch/process_tree.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr auto kPause = std::chrono::milliseconds(5);
constexpr double kPatienceSeconds = 1;

std::vector<pid_t> AllPids() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto pid = ParseInt64(entry->path().filename().string()))
      pids.push_back(static_cast<pid_t>(*pid));
  }
  return pids;
}

pid_t ParentOf(pid_t pid) {
  auto text = ReadFile(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text.ok()) return 0;
  // After "(name)": state, parent.
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return 0;
  const auto fields = Split(Trim(std::string_view(*text).substr(name_end + 1)), ' ');
  return fields.size() < 2 ? 0 : static_cast<pid_t>(ParseInt64(fields[1]).value_or(0));
}

bool HasTag(pid_t pid, const std::string& entry) {
  auto environment = ReadFile(fmt::format("/proc/{}/environ", pid));
  if (!environment.ok()) return false;
  const auto variables = Split(*environment, '\0');
  return std::find(variables.begin(), variables.end(), entry) != variables.end();
}

}  // namespace

bool SignalProcess(const ProcessName& process, int signal_number, int value) {
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // The handle pins the process: if the start time is right now, the signal hits the right one.
  if (!handle.valid() || !ProcessAlive(process.pid, process.start_time)) return false;
  siginfo_t info{};
  info.si_signo = signal_number;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_int = value;
  return ::syscall(SYS_pidfd_send_signal, handle.get(), signal_number, &info, 0) == 0;
}

void KillDescendants() {
  const pid_t self = ::getpid();
  const MonotonicTime start = MonotonicNow();
  while (SecondsSince(start) < 10 * kPatienceSeconds) {
    // The children of a killed child become ours: the next round finds them.
    for (const pid_t pid : AllPids()) {
      if (ParentOf(pid) == self) ::kill(pid, SIGKILL);
    }
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) return;
    std::this_thread::sleep_for(kPause);
  }
}

int KillTagged(const std::string& launch_tag) {
  const std::string entry = fmt::format("{}={}", kLaunchTagVariable, launch_tag);
  const MonotonicTime start = MonotonicNow();
  int num_killed = 0;
  while (SecondsSince(start) < kPatienceSeconds) {
    bool found = false;
    for (const pid_t pid : AllPids()) {
      const auto start_time = ProcessStartTime(pid);
      if (!start_time || !HasTag(pid, entry)) continue;
      if (SignalProcess({pid, *start_time}, SIGKILL)) ++num_killed;
      found = true;
    }
    if (!found) return num_killed;
    std::this_thread::sleep_for(kPause);
  }
  return num_killed;
}

}  // namespace redline::backends
