#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/strings.h"

extern char** environ;

namespace redline {
namespace {

// What the child needs, prepared before fork: after it only async-signal-safe calls are made.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<std::string> env_storage;
  std::vector<char*> env;
  std::vector<int> kept_fds;  // sorted
  const SpawnOptions* options = nullptr;
  pid_t parent = 0;
  int error_fd = -1;
};

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!extra.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : extra) merged.push_back(name + "=" + value);
  return merged;
}

[[noreturn]] void FailChild(int error_fd) {
  const int error_number = errno;
  [[maybe_unused]] const ssize_t ignored = ::write(error_fd, &error_number, sizeof(error_number));
  ::_exit(127);
}

void RedirectTo(const char* path, int flags, int target, int error_fd) {
  const int fd = ::open(path, flags, 0600);
  if (fd < 0 || ::dup2(fd, target) < 0) FailChild(error_fd);
  if (fd != target) ::close(fd);
}

void CloseOtherFds(const ChildPlan& plan) {
  unsigned first = 3;
  for (const int kept : plan.kept_fds) {
    if (static_cast<unsigned>(kept) > first)
      ::syscall(SYS_close_range, first, static_cast<unsigned>(kept) - 1, 0);
    first = static_cast<unsigned>(kept) + 1;
  }
  ::syscall(SYS_close_range, first, ~0U, 0);
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  const SpawnOptions& options = *plan.options;
  ResetSignals();
  if (options.new_session && ::setsid() < 0) FailChild(plan.error_fd);
  if (options.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) FailChild(plan.error_fd);
    if (::getppid() != plan.parent) ::_exit(127);  // the parent died before the line above
  }
  RedirectTo("/dev/null", O_RDONLY, STDIN_FILENO, plan.error_fd);
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  if (!options.stdout_path.empty())
    RedirectTo(options.stdout_path.c_str(), kAppend, STDOUT_FILENO, plan.error_fd);
  if (!options.stderr_path.empty())
    RedirectTo(options.stderr_path.c_str(), kAppend, STDERR_FILENO, plan.error_fd);
  if (!options.working_directory.empty() && ::chdir(options.working_directory.c_str()) != 0)
    FailChild(plan.error_fd);
  for (const int fd : options.inherited_fds) {
    if (::fcntl(fd, F_SETFD, 0) != 0) FailChild(plan.error_fd);
  }
  CloseOtherFds(plan);
  ::execvpe(plan.argv[0], plan.argv.data(), plan.env.data());
  FailChild(plan.error_fd);
}

ChildPlan MakePlan(const SpawnOptions& options, int error_fd) {
  ChildPlan plan;
  for (const std::string& argument : options.argv)
    plan.argv.push_back(const_cast<char*>(argument.c_str()));
  plan.argv.push_back(nullptr);
  plan.env_storage = MergedEnvironment(options.env);
  for (std::string& entry : plan.env_storage) plan.env.push_back(entry.data());
  plan.env.push_back(nullptr);
  plan.kept_fds = options.inherited_fds;
  plan.kept_fds.push_back(error_fd);
  std::sort(plan.kept_fds.begin(), plan.kept_fds.end());
  plan.options = &options;
  plan.parent = ::getpid();
  plan.error_fd = error_fd;
  return plan;
}

// Field `index` (1-based, after the parenthesised name) of /proc/PID/stat.
std::optional<std::vector<std::string>> StatFields(pid_t pid) {
  auto text = ReadFile(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text.ok()) return std::nullopt;
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  return Split(Trim(std::string_view(*text).substr(name_end + 1)), ' ');
}

uint64_t MemInfoBytes(std::string_view key) {
  auto text = ReadFile("/proc/meminfo", 1 << 16);
  if (!text.ok()) return 0;
  const size_t at = text->find(key);
  if (at == std::string::npos) return 0;
  return std::strtoull(text->c_str() + at + key.size(), nullptr, 10) * 1024;
}

std::optional<uint64_t> ReadNumberFile(const std::string& path) {
  auto text = ReadFile(path, 64);
  if (!text.ok()) return std::nullopt;
  const auto value = ParseInt64(Trim(*text));
  if (!value || *value < 0) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

}  // namespace

Result<pid_t> Spawn(const SpawnOptions& options) {
  if (options.argv.empty()) return Internal("Spawn needs a program");
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return ErrnoStatus("pipe", errno);
  UniqueFd read_end(pipe_fds[0]);
  UniqueFd write_end(pipe_fds[1]);
  const ChildPlan plan = MakePlan(options, write_end.get());
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("fork", errno);
  if (pid == 0) RunChild(plan);
  write_end.Reset();
  int error_number = 0;
  ssize_t count = 0;
  do {
    count = ::read(read_end.get(), &error_number, sizeof(error_number));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return pid;  // the pipe closed at exec
  ::waitpid(pid, nullptr, 0);
  return ErrnoStatus("cannot start " + options.argv[0], error_number);
}

std::string DescribeWaitStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return fmt::format("exit code {}", WEXITSTATUS(wait_status));
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return fmt::format("killed by signal {} ({})", number, strsignal(number));
  }
  return fmt::format("wait status {}", wait_status);
}

std::optional<uint64_t> ProcessStartTime(pid_t pid) {
  constexpr size_t kState = 0;       // field 3 of the file
  constexpr size_t kStartTime = 19;  // field 22
  const auto fields = StatFields(pid);
  if (!fields || fields->size() <= kStartTime) return std::nullopt;
  if ((*fields)[kState] == "Z" || (*fields)[kState] == "X") return std::nullopt;
  const auto ticks = ParseInt64((*fields)[kStartTime]);
  if (!ticks) return std::nullopt;
  return static_cast<uint64_t>(*ticks);
}

bool ProcessAlive(pid_t pid, uint64_t start_time) {
  return pid > 0 && ProcessStartTime(pid) == start_time;
}

uint64_t ProcessRssBytes(pid_t pid) {
  auto text = ReadFile(fmt::format("/proc/{}/statm", pid), 256);
  if (!text.ok()) return 0;
  const auto fields = Split(*text, ' ');
  if (fields.size() < 2) return 0;
  return static_cast<uint64_t>(ParseInt64(fields[1]).value_or(0)) *
         static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t AvailableMemoryBytes() {
  uint64_t available = MemInfoBytes("MemAvailable:");
  const auto limit = ReadNumberFile("/sys/fs/cgroup/memory.max");
  const auto used = ReadNumberFile("/sys/fs/cgroup/memory.current");
  if (limit && used) available = std::min(available, *limit > *used ? *limit - *used : 0);
  return available;
}

uint64_t TotalMemoryBytes() {
  uint64_t total = MemInfoBytes("MemTotal:");
  if (const auto limit = ReadNumberFile("/sys/fs/cgroup/memory.max"); limit)
    total = std::min(total, *limit);
  return total;
}

int AvailableCpus() { return std::max(1, static_cast<int>(AvailableCpuIds().size())); }

std::vector<int> AvailableCpuIds() {
  // The kernel refuses a set smaller than its own: this holds the most that Linux can be built for.
  std::array<cpu_set_t, 8> sets{};
  std::vector<int> ids;
  if (::sched_getaffinity(0, sizeof(sets), sets.data()) != 0) return ids;
  for (int cpu = 0; cpu < static_cast<int>(sets.size() * CPU_SETSIZE); ++cpu) {
    if (CPU_ISSET_S(static_cast<size_t>(cpu), sizeof(sets), sets.data())) ids.push_back(cpu);
  }
  return ids;
}

uint64_t RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

std::filesystem::path SelfExecutable() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

}  // namespace redline
