// A model file being assembled: hashed while it is written, and never longer than it should be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/files.h"
#include "base/status.h"
#include "platform/fetch/sha256_stream.h"
#include "spec/model_spec.h"

namespace redline::platform {

// One thread at a time.
class PartialFile {
 public:
  // Opens what an earlier attempt left at `path`, and hashes it; starts empty when there is nothing
  // or too much.
  static Result<PartialFile> Open(const std::filesystem::path& path, const spec::ModelFile& file,
                                  const std::stop_token& stop);

  int64_t num_bytes() const { return num_bytes_; }  // on disk so far
  // Forgets everything written.
  Status Restart();
  // kTooLarge when the file would get longer than its catalog size: nothing is written then.
  Status Append(std::string_view bytes);
  // Compares size and digest with the catalog's and syncs. A file with the wrong digest is emptied
  // (kDataLoss).
  Status Finish();

 private:
  PartialFile(const std::filesystem::path& path, const spec::ModelFile& file, UniqueFd fd)
      : path_(path), file_(file), fd_(std::move(fd)) {}

  std::filesystem::path path_;
  spec::ModelFile file_;
  UniqueFd fd_;
  int64_t num_bytes_ = 0;
  Sha256Stream hash_;
};

}  // namespace redline::platform
