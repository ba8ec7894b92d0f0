#include "platform/server/processes.h"

#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

// argv of a process; empty when it has gone.
std::vector<std::string> ArgvOf(pid_t pid) {
  const auto text = ReadFile("/proc/" + std::to_string(pid) + "/cmdline", 64 << 10);
  return text.ok() ? Split(*text, '\0') : std::vector<std::string>();
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (std::filesystem::directory_iterator task(tasks, error), end; !error && task != end;
       task.increment(error)) {
    const auto text = ReadFile(task->path() / "children", 64 << 10);
    if (!text.ok()) continue;
    for (const std::string& word : Split(*text, ' ')) {
      if (const auto child = ParseInt64(word)) children.push_back(static_cast<pid_t>(*child));
    }
  }
  return children;
}

double SecondsSinceBoot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

ProcessView ProcessOf(pid_t pid) {
  const auto start = ProcessStartTime(pid);
  if (!start) return {};
  const double started = static_cast<double>(*start) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {.pid = pid,
          .uptime_seconds = SecondsSinceBoot() - started,
          .rss_bytes = static_cast<int64_t>(ProcessRssBytes(pid))};
}

ProcessView SiblingWithRole(std::string_view role) {
  for (const pid_t pid : ChildrenOf(::getppid())) {
    const auto argv = ArgvOf(pid);
    if (argv.size() > 1 && argv[1] == role) return ProcessOf(pid);
  }
  return {};
}

}  // namespace redline::platform
