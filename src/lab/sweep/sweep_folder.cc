#include "lab/sweep/sweep_folder.h"

#include <fmt/format.h>

#include "base/files.h"

namespace redline::lab {
namespace {

namespace fs = std::filesystem;

constexpr char kWhatName[] = "sweep.json";

}  // namespace

Result<SweepFolder> SweepFolder::Open(const fs::path& path, const std::string& what) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoStatus("cannot make the folder " + path.string(), error.value());
  const fs::path file = path / kWhatName;
  if (!fs::exists(file)) {
    RL_RETURN_IF_ERROR(WriteFileAtomic(file, what));
    return SweepFolder(path);
  }
  RL_ASSIGN_OR_RETURN(const std::string there, ReadFile(file));
  if (there == what) return SweepFolder(path);
  return FailedPrecondition(fmt::format(
      "{} holds a sweep of something else ({}); give another --report-dir, or remove it",
      path.string(), file.string()));
}

Result<std::optional<Measurement>> SweepFolder::Find(const std::string& name) const {
  const fs::path file = FileOf(name);
  if (!fs::exists(file)) return std::optional<Measurement>();
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  Result<Measurement> measurement = MeasurementFromJson(text);
  if (!measurement.ok())
    return measurement.status().WithContext(file.string() +
                                            ": remove it to measure the point again");
  return std::optional(std::move(measurement).value());
}

Status SweepFolder::Save(const std::string& name, const Measurement& measurement) const {
  return WriteFileAtomic(FileOf(name), ToJson(measurement));
}

}  // namespace redline::lab
