#include "backends/install/installer.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "backends/install/pip_log.h"
#include "backends/install/python.h"
#include "backends/launch/process_tree.h"
#include "base/await_child.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;

constexpr double kCheckSeconds = 300;

uint64_t SizeOf(const fs::path& folder) {
  uint64_t num_bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code size_error;
    const auto size = entry->is_symlink(size_error) ? 0 : entry->file_size(size_error);
    if (!size_error) num_bytes += size;
  }
  return num_bytes;
}

// Unknown is as much as there can be.
uint64_t FreeBytesAt(const fs::path& dir) {
  struct statvfs info {};
  if (::statvfs(dir.c_str(), &info) != 0) return std::numeric_limits<uint64_t>::max();
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

// What an earlier attempt left is not needed again.
Status CheckDisk(const InstallRecipe& recipe, const fs::path& dir) {
  const uint64_t free_bytes = FreeBytesAt(dir);
  const auto whole = static_cast<uint64_t>(recipe.disk_bytes);
  const uint64_t there = std::min(whole, SizeOf(dir));
  if (whole - there <= free_bytes) return OkStatus();
  return ResourceExhausted(fmt::format(
      "{} takes {} of disk, {} are there, {} has {} left: free some, or choose another place with "
      "--cache-dir",
      recipe.NameAtVersion(), FormatBytes(whole), FormatBytes(there), dir.string(),
      FormatBytes(free_bytes)));
}

Status CheckTools(const InstallRecipe& recipe) {
  for (const std::string& tool : recipe.tools) {
    if (FindOnPath(tool).empty())
      return FailedPrecondition(
          fmt::format("{} is built on this machine, which needs {}; install it with: apt-get "
                      "install build-essential",
                      recipe.NameAtVersion(), tool));
  }
  return OkStatus();
}

// One installation under way.
class Installer {
 public:
  Installer(const InstallRecipe& recipe, const InstallOptions& options,
            const InstallProgress& progress, const std::stop_token& stop)
      : recipe_(recipe),
        options_(options),
        progress_(progress),
        stop_(stop),
        dir_(EngineDir(options.cache_dir, recipe.engine, recipe.version)),
        root_(dir_ / "venv") {}

  // The folder is locked.
  Result<Installation> Run() {
    // What pip had started when an earlier installation was killed would go on beside this one.
    KillTagged(Tag());
    RL_RETURN_IF_ERROR(CheckTools(recipe_));
    RL_ASSIGN_OR_RETURN(const Python python, FindPython(recipe_, options_.python));
    RL_RETURN_IF_ERROR(CheckDisk(recipe_, dir_));
    std::error_code error;
    fs::remove(dir_ / "install.json", error);  // from here on it is no longer what it was
    RL_RETURN_IF_ERROR(MakeEnvironment(python));
    RL_RETURN_IF_ERROR(InstallPackages());
    RL_RETURN_IF_ERROR(WriteNames());
    Tell("checking", 1);
    Installation installation{.engine = recipe_.engine,
                              .version = recipe_.version,
                              .device = recipe_.device,
                              .origin = "pip",
                              .root = root_,
                              .program = {},
                              .python = python.version,
                              .installed_at_ms = UnixMillis()};
    RL_ASSIGN_OR_RETURN(installation.program, LocateProgram(root_, recipe_.program));
    RL_RETURN_IF_ERROR(CheckInstallation(recipe_, installation));
    RL_RETURN_IF_ERROR(RecordInstallation(options_.cache_dir, installation));
    return installation;
  }

 private:
  // In the environment of pip and of all that it starts.
  std::string Tag() const { return "install:" + dir_.string(); }

  void Tell(const char* phase, double fraction) {
    spec::Progress progress;
    progress.phase = phase;
    progress.fraction = std::clamp(fraction, 0.0, 1.0);
    progress_(progress);
  }

  // An environment of another Python, or one that does not work, is made anew.
  Status MakeEnvironment(const Python& python) {
    constexpr double kSeconds = 300;
    const auto there =
        OutputOf({(root_ / "bin/python").string(), "-I", "-c",
                  "import sys, pip; print('.'.join(map(str, sys.version_info[:3])))"},
                 kSeconds);
    if (there.ok() && Trim(*there) == python.version && !options_.reinstall) return OkStatus();
    Tell("preparing", 0);
    const Status made =
        OutputOf({python.program, "-I", "-m", "venv", "--clear", root_.string()}, kSeconds)
            .status();
    if (made.ok()) return made;
    // It does not say so itself when the disk is full.
    constexpr uint64_t kNextToNothing = 4 << 20;
    const uint64_t free_bytes = FreeBytesAt(dir_);
    if (free_bytes < kNextToNothing)
      return ResourceExhausted(
          fmt::format("no virtual environment can be made: {} has {} left; free some, or choose "
                      "another place with --cache-dir",
                      dir_.string(), FormatBytes(free_bytes)));
    return made.WithContext("cannot make a virtual environment");
  }

  Status InstallPackages() {
    const fs::path list = dir_ / "packages.txt";
    RL_RETURN_IF_ERROR(WriteFileAtomic(list, Join(recipe_.packages, "\n") + "\n"));
    const fs::path log = dir_ / "install.log";
    std::error_code error;
    fs::remove(log, error);
    SpawnOptions options{.argv = {(root_ / "bin/python").string(), "-I", "-m", "pip", "install",
                                  "--no-deps", "--no-input", "--disable-pip-version-check",
                                  "--progress-bar=off", "--retries=2", "--timeout=30", "-r",
                                  list.string()}};
    if (!recipe_.tools.empty()) options.argv.insert(options.argv.end(), "--verbose");
    options.env = recipe_.environment;
    options.env[kLaunchTagVariable] = Tag();
    // A build must not take every core's worth of memory.
    options.env.emplace("LLAMA_CPP_BUILD_JOBS", std::to_string(std::max(1, AvailableCpus())));
    options.stdout_path = options.stderr_path = log;
    options.new_session = options.die_with_parent = true;
    RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
    RL_ASSIGN_OR_RETURN(const int wait_status,
                        AwaitChild(pid, "pip", stop_, [&] { TellOfPip(log); }));
    if (wait_status == 0) return OkStatus();
    if (WIFSIGNALED(wait_status))
      return Internal(fmt::format("pip: {}; install again: it goes on from here (log: {})",
                                  DescribeWaitStatus(wait_status), log.string()));
    const auto text = ReadTail(log, 1 << 20);
    return WhyPipFailed(text.ok() ? *text : "", log.string());
  }

  // Half for fetching, half for copying, which pip tells nothing of: what is there is counted.
  void TellOfPip(const fs::path& log) {
    if (SecondsSince(told_at_) < 0.5) return;
    told_at_ = MonotonicNow();
    const auto text = ReadFile(log, 64 << 20);
    if (!text.ok()) return;
    const auto total = static_cast<double>(recipe_.packages.size());
    if (const auto built = BuiltFraction(*text); built && !IsInstalling(*text))
      return Tell("building", *built);
    if (!IsInstalling(*text))
      return Tell("fetching packages", static_cast<double>(NumCollected(*text)) / total / 2);
    Tell("installing packages", 0.5 + static_cast<double>(NumInstalled()) / total / 2);
  }

  size_t NumInstalled() {
    if (site_packages_.empty()) {
      const auto path = SitePackagesOf(root_);
      if (path.ok()) site_packages_ = *path;
    }
    size_t number = 0;
    std::error_code error;
    for (fs::directory_iterator entry(site_packages_, error), end; !error && entry != end;
         entry.increment(error))
      number += entry->path().extension() == ".dist-info" ? 1 : 0;
    return number;
  }

  Status WriteNames() {
    if (recipe_.names.empty()) return OkStatus();
    RL_ASSIGN_OR_RETURN(const fs::path packages, SitePackagesOf(root_));
    for (const auto& [name, version] : recipe_.names) {
      const fs::path dir = packages / fmt::format("{}-{}.dist-info", name, version);
      RL_RETURN_IF_ERROR(MakeDirectories(dir));
      RL_RETURN_IF_ERROR(WriteFileAtomic(
          dir / "METADATA",
          fmt::format("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", name, version)));
    }
    return OkStatus();
  }

  const InstallRecipe& recipe_;
  const InstallOptions& options_;
  const InstallProgress& progress_;
  const std::stop_token& stop_;
  const fs::path dir_;
  const fs::path root_;
  MonotonicTime told_at_;
  fs::path site_packages_;
};

Status CheckPackages(const InstallRecipe& recipe, const Installation& installation) {
  RL_ASSIGN_OR_RETURN(const auto there, DistributionsOf(installation.root));
  std::vector<std::string> packages = recipe.packages;
  for (const auto& [name, version] : recipe.names) packages.push_back(name + "==" + version);
  std::vector<std::string> wrong;
  for (const std::string& package : packages) {
    const size_t equals = package.find("==");
    const auto found = there.find(NormalizedName(package.substr(0, equals)));
    if (found == there.end()) {
      wrong.push_back(package + " is missing");
    } else if (found->second != package.substr(equals + 2)) {
      wrong.push_back(fmt::format("{} is there as {}", package, found->second));
    }
  }
  if (wrong.empty()) return OkStatus();
  constexpr size_t kMost = 5;
  const size_t more = wrong.size() - std::min(wrong.size(), kMost);
  wrong.resize(wrong.size() - more);
  return FailedPrecondition(Join(wrong, ", ") +
                            (more > 0 ? fmt::format(" and {} more", more) : ""));
}

// Whether a program's words name this version, as a word of its own.
bool Names(std::string_view words, std::string_view version) {
  const auto continues = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.';
  };
  for (size_t at = words.find(version); at != std::string_view::npos;
       at = words.find(version, at + 1)) {
    const size_t end = at + version.size();
    const bool begins = at == 0 || !continues(words[at - 1]) ||
                        (words[at - 1] == 'v' && (at == 1 || !continues(words[at - 2])));
    const bool ends =
        end == words.size() || !continues(words[end]) ||
        (words[end] == '.' && (end + 1 == words.size() || !continues(words[end + 1])));
    if (begins && ends) return true;
  }
  return false;
}

// Whether the environment has the engine in this version; local versions ("+cpu") count.
Status CheckVersion(const InstallRecipe& recipe, const fs::path& root) {
  const auto distributions = DistributionsOf(root);
  if (!distributions.ok())
    return InvalidArgument(fmt::format("{} is no virtual environment of Python ({})", root.string(),
                                       distributions.status().message()),
                           "path");
  const auto& there = *distributions;
  const std::string distribution =
      recipe.distribution.empty() ? recipe.engine + "==" + recipe.version : recipe.distribution;
  const size_t equals = distribution.find("==");
  const std::string name = distribution.substr(0, equals);
  const auto found = there.find(NormalizedName(name));
  if (found == there.end())
    return InvalidArgument(fmt::format("{} has no {}", root.string(), name), "path");
  const std::string version = found->second.substr(0, found->second.find('+'));
  if (version == distribution.substr(equals + 2)) return OkStatus();
  return InvalidArgument(
      fmt::format("{} has {} {}, not {}", root.string(), name, found->second, recipe.version),
      "path");
}

Result<FileLock> LockToInstall(const InstallRecipe& recipe, const fs::path& cache_dir) {
  const fs::path dir = EngineDir(cache_dir, recipe.engine, recipe.version);
  RL_RETURN_IF_ERROR(MakeDirectories(dir));
  auto lock = FileLock::Acquire(dir / kInstallLock);
  if (lock.ok()) return lock;
  return lock.status().WithContext(recipe.NameAtVersion() + " is being installed already");
}

}  // namespace

Result<Installation> InstallEngine(const InstallRecipe& recipe, const InstallOptions& options,
                                   const InstallProgress& progress, const std::stop_token& stop) {
  if (!options.reinstall) {
    auto installed = FindInstallation(options.cache_dir, recipe.engine, recipe.version);
    if (installed.ok()) return installed;
  }
  RL_ASSIGN_OR_RETURN(const FileLock lock, LockToInstall(recipe, options.cache_dir));
  return Installer(recipe, options, progress, stop).Run();
}

Result<Installation> RegisterEngine(const InstallRecipe& recipe, const fs::path& path,
                                    const fs::path& cache_dir) {
  if (path.empty()) return InvalidArgument("--path is empty", "path");
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  Installation installation{.engine = recipe.engine,
                            .version = recipe.version,
                            .device = "",
                            .origin = "path",
                            .root = absolute,
                            .program = {},
                            .python = "",
                            .installed_at_ms = UnixMillis()};
  if (fs::is_directory(absolute, error)) {
    RL_RETURN_IF_ERROR(CheckVersion(recipe, absolute));
    auto program = LocateProgram(absolute, recipe.program);
    if (!program.ok()) return InvalidArgument(program.status().message(), "path");
    installation.program = *std::move(program);
  } else {
    const auto output = OutputOf({absolute.string(), "--version"}, kCheckSeconds);
    if (!output.ok()) return InvalidArgument(output.status().message(), "path");
    if (!Names(*output, recipe.version))
      return InvalidArgument(fmt::format("{} --version does not say {}: \"{}\"", absolute.string(),
                                         recipe.version, Excerpt(Trim(*output))),
                             "path");
    installation.program = {absolute.string()};
    installation.root = absolute.parent_path();
  }
  RL_ASSIGN_OR_RETURN(const FileLock lock, LockToInstall(recipe, cache_dir));
  RL_RETURN_IF_ERROR(RecordInstallation(cache_dir, installation));
  return installation;
}

Status CheckInstallation(const InstallRecipe& recipe, const Installation& installation) {
  if (installation.origin != "pip")
    return OutputOf({installation.program.front(), "--version"}, kCheckSeconds).status();
  RL_RETURN_IF_ERROR(CheckPackages(recipe, installation));
  std::vector<std::string> check = recipe.check;
  check.front() = (installation.root / check.front()).string();
  return OutputOf(check, kCheckSeconds).status();
}

}  // namespace redline::backends
