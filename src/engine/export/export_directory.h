// The directory in which an export is made, beside the one that it becomes; and the room it needs.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/status.h"

namespace redline::engine {

// `.NAME.redline-export` beside the target: made, or taken over from an export that was killed, and
// locked (flock) until destruction. Removed with what is in it unless it was committed.
class StagingDirectory {
 public:
  // Makes the target's parents, too. kAlreadyExists when another process has it;
  // kFailedPrecondition when the target is a mount point, which nothing can be renamed to.
  static Result<StagingDirectory> Make(const std::filesystem::path& target);
  StagingDirectory(StagingDirectory&& other) noexcept;
  StagingDirectory& operator=(StagingDirectory&&) = delete;
  ~StagingDirectory();

  const std::filesystem::path& path() const { return path_; }
  // Becomes the target, which is absent or an empty directory; lasting once this returns.
  Status Commit();

 private:
  StagingDirectory(std::filesystem::path target, std::filesystem::path path, UniqueFd fd)
      : target_(std::move(target)), path_(std::move(path)), fd_(std::move(fd)) {}

  std::filesystem::path target_;
  std::filesystem::path path_;  // empty once committed
  UniqueFd fd_;                 // the directory, locked
};

// Absolute, links resolved, without a slash at the end.
Result<std::filesystem::path> ResolveTarget(const std::filesystem::path& directory);

Result<int64_t> FreeDiskBytes(const std::filesystem::path& directory);

// What an export writes.
struct ExportSize {
  int64_t num_weights = 0;
  int64_t bytes_per_weight = 0;
  int64_t other_bytes = 0;  // headers, configuration, tokenizer
  int64_t Total() const { return num_weights * bytes_per_weight + other_bytes; }
};
// kResourceExhausted with the arithmetic and what to do when `free_bytes` of `directory` are too
// few.
Status CheckExportFits(const ExportSize& size, int64_t free_bytes,
                       const std::filesystem::path& directory);

}  // namespace redline::engine
