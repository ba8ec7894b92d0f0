// Files as the product uses them: whole small files, atomic replacement, exclusive locks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace redline {

// Owns one file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();

 private:
  int fd_ = -1;
};

// Reads a whole file; kTooLarge over `max_bytes`.
Result<std::string> ReadFile(const std::filesystem::path& path,
                             uint64_t max_bytes = uint64_t{64} << 20);
// Replaces `path` by a new file with these bytes: temporary file, fsync, rename, fsync of the
// directory. A reader sees the old file or the new one, also after power loss.
Status WriteFileAtomic(const std::filesystem::path& path, std::string_view data, int mode = 0644);
// For a path that somebody typed: a link stays and its target is replaced, a device or pipe is
// written to.
Status WriteOutputFile(const std::filesystem::path& path, std::string_view data);
// Whether that can work, before long work is begun for it.
Status CheckOutputFile(const std::filesystem::path& path);
// mkdir -p; the last component gets `mode`.
Status MakeDirectories(const std::filesystem::path& path, int mode = 0755);
// The last `max_bytes` of a file, starting at a line.
Result<std::string> ReadTail(const std::filesystem::path& path, uint64_t max_bytes);

// An advisory lock (flock) held until destruction. kAlreadyExists, naming the holder's pid, when
// another process has it.
class FileLock {
 public:
  static Result<FileLock> Acquire(const std::filesystem::path& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace redline
