// A model file, mapped read-only.
//
// Headers are read with ReadAt (pread: a file cut short gives an error, never a signal); tensors
// are used in place through Range. When the file shrinks after Open, reads of the lost part give
// zeros (see sigbus_guard.h) and CheckIntact reports it; replacing the file by rename is harmless.
// Immutable after Open; usable from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/files.h"
#include "base/status.h"
#include "engine/weights/sigbus_guard.h"

namespace redline::engine {

class MappedFile {
 public:
  // Regular files only. kNotFound, kPermissionDenied, kDataLoss (empty file).
  static Result<std::unique_ptr<MappedFile>> Open(const std::filesystem::path& path);
  // Maps an open descriptor; `name` is for messages. For in-memory files of tests.
  static Result<std::unique_ptr<MappedFile>> FromFd(UniqueFd fd, std::string name);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }

  // Copies out.size() bytes from `offset`; kDataLoss past the end or when the file has shrunk.
  Status ReadAt(uint64_t offset, std::span<char> out) const;
  // A window on the mapping; kDataLoss when it does not lie within the file as opened.
  Result<std::span<const std::byte>> Range(uint64_t offset, uint64_t num_bytes) const;
  // kDataLoss when the file was written to or cut short since Open.
  Status CheckIntact() const;
  // Pages of the mapping are read again where somebody asks for them.
  void ReleaseMemory() const;

 private:
  MappedFile(UniqueFd fd, std::string name, uint64_t size, int64_t modified_ns);

  UniqueFd fd_;
  std::string name_;
  uint64_t size_;
  int64_t modified_ns_;
  void* base_ = nullptr;
  std::optional<GuardedRange> guard_;
};

}  // namespace redline::engine
