#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/strings.h"

namespace redline {
namespace fs = std::filesystem;
namespace {

Status WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("write", errno);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

Status WriteAndSync(const fs::path& path, std::string_view data, int mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return ErrnoStatus("cannot create " + path.string(), errno);
  if (::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0)
    return ErrnoStatus("cannot set the mode of " + path.string(), errno);
  RL_RETURN_IF_ERROR(WriteAll(fd.get(), data).WithContext("cannot write " + path.string()));
  if (::fsync(fd.get()) != 0) return ErrnoStatus("cannot sync " + path.string(), errno);
  return OkStatus();
}

Status SyncDirectory(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + directory.string(), errno);
  if (::fsync(fd.get()) != 0) return ErrnoStatus("cannot sync " + directory.string(), errno);
  return OkStatus();
}

Result<std::string> ReadFrom(int fd, uint64_t max_bytes, const fs::path& path) {
  std::string data;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("cannot read " + path.string(), errno);
    if (count == 0) return data;
    if (data.size() + static_cast<size_t>(count) > max_bytes)
      return Status(Code::kTooLarge, path.string() + " is larger than " + FormatBytes(max_bytes));
    data.append(buffer.data(), static_cast<size_t>(count));
  }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

void UniqueFd::Reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> ReadFile(const fs::path& path, uint64_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  return ReadFrom(fd.get(), max_bytes, path);
}

Status WriteFileAtomic(const fs::path& path, std::string_view data, int mode) {
  const fs::path temporary = path.string() + ".tmp." + std::to_string(::getpid());
  Status status = WriteAndSync(temporary, data, mode);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0)
    status = ErrnoStatus("cannot rename to " + path.string(), errno);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Status WriteOutputFile(const fs::path& path, std::string_view data) {
  std::error_code error;
  if (!fs::exists(path, error)) return WriteFileAtomic(path, data);
  if (fs::is_regular_file(path, error)) return WriteFileAtomic(fs::canonical(path, error), data);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  return WriteAll(fd.get(), data).WithContext("cannot write " + path.string());
}

Status CheckOutputFile(const fs::path& path) {
  std::error_code error;
  const std::string what = fmt::format("\"{}\" cannot be written", path.string());
  if (path.empty()) return InvalidArgument("the name of a file is empty");
  if (fs::is_directory(path, error))
    return InvalidArgument(fmt::format("\"{}\" is a folder; name a file in it", path.string()));
  const bool exists = fs::exists(path, error);
  if (exists && !fs::is_regular_file(path, error))
    return ::access(path.c_str(), W_OK) == 0 ? OkStatus() : ErrnoStatus(what, errno);
  // Another file takes its place.
  const fs::path file = exists ? fs::canonical(path, error) : path;
  const fs::path folder = file.has_parent_path() ? file.parent_path() / "." : fs::path(".");
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? OkStatus() : ErrnoStatus(what, errno);
}

Status MakeDirectories(const fs::path& path, int mode) {
  std::error_code error;
  if (fs::is_directory(path, error)) return OkStatus();
  if (path.has_parent_path() && path.parent_path() != path)
    RL_RETURN_IF_ERROR(MakeDirectories(path.parent_path(), 0755));
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST)
    return ErrnoStatus("cannot create directory " + path.string(), errno);
  if (!fs::is_directory(path, error))
    return FailedPrecondition(path.string() + " exists and is not a directory");
  return OkStatus();
}

Result<std::string> ReadTail(const fs::path& path, uint64_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus("cannot stat " + path.string(), errno);
  const auto size = static_cast<uint64_t>(info.st_size);
  const uint64_t begin = size > max_bytes ? size - max_bytes : 0;
  if (::lseek(fd.get(), static_cast<off_t>(begin), SEEK_SET) < 0)
    return ErrnoStatus("cannot seek in " + path.string(), errno);
  // A writer may append meanwhile: allow for it rather than fail.
  RL_ASSIGN_OR_RETURN(std::string data, ReadFrom(fd.get(), max_bytes + (uint64_t{1} << 20), path));
  if (begin == 0) return data;
  const size_t line_end = data.find('\n');
  return line_end == std::string::npos ? data : data.substr(line_end + 1);
}

Result<FileLock> FileLock::Acquire(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus("cannot open lock file " + path.string(), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus("cannot lock " + path.string(), errno);
    auto holder = ReadFile(path, 64);
    const std::string pid = holder.ok() && !holder->empty() ? *holder : "unknown";
    return Status(Code::kAlreadyExists,
                  path.string() + " is locked by process " + std::string(Trim(pid)));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0) return ErrnoStatus("cannot write " + path.string(), errno);
  RL_RETURN_IF_ERROR(WriteAll(fd.get(), pid));
  return FileLock(std::move(fd));
}

}  // namespace redline
