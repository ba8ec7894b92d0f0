// One model's folder in the cache: which files are there for sure, and where unfinished ones live.
//
//   models/NAME/FILE...            verified files only
//   models/NAME/.verified.json     size, time and digest of each at its verification
//   models/NAME/.partial/          downloads under way, by digest
//   models/NAME/.lock              held while anything is written
//
// Not thread-safe; writers hold the lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "spec/model_spec.h"

namespace redline::platform {

// Names, relative paths that stay inside the folder, positive sizes, digests of 64 hex characters.
Status ValidateModelFiles(const std::string& model, const std::vector<spec::ModelFile>& files);

class ModelCache {
 public:
  ModelCache(const std::filesystem::path& cache_dir, const std::string& model);

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path PathOf(const spec::ModelFile& file) const { return dir_ / file.path; }
  // Where `file` is assembled; exists after Prepare.
  std::filesystem::path PartialPathOf(const spec::ModelFile& file) const;
  std::filesystem::path partial_dir() const { return dir_ / ".partial"; }

  // Creates the folders and waits for the lock; kCancelled when told to stop.
  Result<FileLock> Prepare(const std::stop_token& stop) const;
  // Size and time are those of its last verification. Cheap.
  bool IsVerified(const spec::ModelFile& file) const;
  // Hashes a file that is there but was never verified, and records it when it is right.
  Status VerifyInPlace(const spec::ModelFile& file, const std::stop_token& stop) const;
  // Makes the assembled, verified and synced partial file the model's file, and records it.
  Status Publish(const spec::ModelFile& file) const;
  // Removes what is left of downloads.
  void RemovePartials() const;

 private:
  Status RecordVerified(const spec::ModelFile& file) const;

  std::filesystem::path dir_;
};

// kResourceExhausted unless `num_bytes` and a reserve are free at `path`. `what` explains the sum.
Status CheckDiskSpace(const std::filesystem::path& path, int64_t num_bytes, std::string_view what);

}  // namespace redline::platform
