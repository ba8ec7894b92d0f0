// A sweep's folder: what it measures (sweep.json) and one result file per point. A file is there
// whole or not at all, so a sweep that was killed goes on where it was. One owner thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/status.h"
#include "lab/metrics/measurement.h"

namespace redline::lab {

class SweepFolder {
 public:
  // Makes the folder, or opens one whose sweep.json says `what` (JSON text) too.
  // kFailedPrecondition: it holds another sweep.
  static Result<SweepFolder> Open(const std::filesystem::path& path, const std::string& what);

  // The point's result, if it was measured. `name` as "rate-12.5".
  Result<std::optional<Measurement>> Find(const std::string& name) const;
  Status Save(const std::string& name, const Measurement& measurement) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit SweepFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path FileOf(const std::string& name) const { return path_ / (name + ".json"); }

  std::filesystem::path path_;
};

}  // namespace redline::lab
