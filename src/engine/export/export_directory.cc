#include "engine/export/export_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/strings.h"

namespace redline::engine {
namespace fs = std::filesystem;
namespace {

// Left free, so that the machine goes on working.
constexpr int64_t kSpareDiskBytes = int64_t{64} << 20;
constexpr int kMaxLockAttempts = 8;

fs::path StagingPathOf(const fs::path& target) {
  return target.parent_path() / ("." + target.filename().string() + ".redline-export");
}

Status SyncFolder(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0)
    return ErrnoStatus("cannot sync " + directory.string(), errno);
  return OkStatus();
}

Status RefuseMountPoint(const fs::path& target) {
  struct stat inside {
  }, outside{};
  if (::stat(target.c_str(), &inside) != 0) return OkStatus();  // absent
  if (::stat(target.parent_path().c_str(), &outside) == 0 && inside.st_dev == outside.st_dev)
    return OkStatus();
  return FailedPrecondition("--to " + target.string() +
                            " is a mount point, which cannot be replaced; name a directory in it");
}

// nullopt: the directory at `path` became another one, by an export that ended meanwhile.
Result<std::optional<UniqueFd>> TryLock(const fs::path& path, const fs::path& target) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    return ErrnoStatus("cannot create directory " + path.string(), errno);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return std::optional<UniqueFd>();
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus("cannot lock " + path.string(), errno);
    return Status(Code::kAlreadyExists,
                  "another process is exporting to " + target.string() +
                      "; wait until it has ended, or name another directory by --to",
                  "to");
  }
  struct stat locked {
  }, named{};
  if (::fstat(fd.get(), &locked) != 0) return ErrnoStatus("cannot stat " + path.string(), errno);
  const bool same = ::lstat(path.c_str(), &named) == 0 && locked.st_ino == named.st_ino &&
                    locked.st_dev == named.st_dev;
  if (!same) return std::optional<UniqueFd>();
  return std::optional<UniqueFd>(std::move(fd));
}

Status RemoveContents(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    fs::remove_all(entry->path(), error);
    if (error) break;
  }
  if (error) return ErrnoStatus("cannot empty " + directory.string(), error.value());
  return OkStatus();
}

}  // namespace

Result<StagingDirectory> StagingDirectory::Make(const fs::path& target) {
  RL_RETURN_IF_ERROR(MakeDirectories(target.parent_path()));
  RL_RETURN_IF_ERROR(RefuseMountPoint(target));
  const fs::path path = StagingPathOf(target);
  for (int attempt = 0; attempt < kMaxLockAttempts; ++attempt) {
    RL_ASSIGN_OR_RETURN(std::optional<UniqueFd> fd, TryLock(path, target));
    if (!fd) continue;
    RL_RETURN_IF_ERROR(RemoveContents(path));
    return StagingDirectory(target, path, std::move(*fd));
  }
  return Unavailable("other processes are exporting to " + target.string() + "; try again");
}

StagingDirectory::StagingDirectory(StagingDirectory&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::exchange(other.path_, {})),
      fd_(std::move(other.fd_)) {}

StagingDirectory::~StagingDirectory() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

Status StagingDirectory::Commit() {
  if (::fsync(fd_.get()) != 0) return ErrnoStatus("cannot sync " + path_.string(), errno);
  if (::rename(path_.c_str(), target_.c_str()) != 0)
    return ErrnoStatus("cannot rename " + path_.string() + " to " + target_.string(), errno);
  path_.clear();
  return SyncFolder(target_.parent_path());
}

Result<fs::path> ResolveTarget(const fs::path& directory) {
  std::error_code error;
  fs::path target = fs::weakly_canonical(fs::absolute(directory, error), error);
  if (error) return ErrnoStatus("cannot resolve " + directory.string(), error.value());
  if (!target.has_filename()) target = target.parent_path();
  if (directory.empty() || !target.has_filename())
    return InvalidArgument(
        "--to \"" + Excerpt(directory.string()) + "\" is not the name of a directory to make",
        "to");
  return target;
}

Result<int64_t> FreeDiskBytes(const fs::path& directory) {
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0)
    return ErrnoStatus("cannot stat " + directory.string(), errno);
  return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
}

Status CheckExportFits(const ExportSize& size, int64_t free_bytes, const fs::path& directory) {
  const int64_t needed = size.Total() + kSpareDiskBytes;
  if (free_bytes >= needed) return OkStatus();
  const auto text = [](int64_t bytes) { return FormatBytes(static_cast<uint64_t>(bytes)); };
  return ResourceExhausted(fmt::format(
      "not enough disk space in {}: need {} ({} weights x {} bytes, {} of tokenizer and "
      "configuration, and {} to spare), have {}; free {}, name a directory on another disk by "
      "--to{}",
      directory.string(), text(needed), size.num_weights, size.bytes_per_weight,
      text(size.other_bytes), text(kSpareDiskBytes), text(free_bytes), text(needed - free_bytes),
      size.bytes_per_weight > 2 ? ", or take --dtype bfloat16" : ""));
}

}  // namespace redline::engine
