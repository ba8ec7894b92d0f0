#include "platform/agent/local_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "base/strings.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using backends::ModelFormat;

bool IsGguf(const fs::path& path) { return ToLower(path.filename().string()).ends_with(".gguf"); }

Status CheckReadable(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return NotFound(fmt::format("there is no {} on this node; the model's path is read on the "
                                "worker, not where it was deployed from",
                                path.string()),
                    "model_path");
  const int mode = status.type() == fs::file_type::directory ? R_OK | X_OK : R_OK;
  if (::access(path.c_str(), mode) == 0) return OkStatus();
  return Status(Code::kPermissionDenied,
                fmt::format("{} cannot be read by the user the agent runs as (uid {})",
                            path.string(), ::geteuid()),
                "model_path");
}

Result<fs::path> OneGgufIn(const fs::path& folder, const std::string& engine) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (IsGguf(entry->path())) found.push_back(entry->path());
  }
  if (found.size() == 1) return found.front();
  return FailedPrecondition(
      fmt::format("{} loads one GGUF file, and {} has {}: give the file's path", engine,
                  folder.string(), found.size()));
}

}  // namespace

Result<fs::path> FindLocalModel(const std::string& path, const backends::EngineFacts& engine) {
  const fs::path model(path);
  RL_RETURN_IF_ERROR(CheckReadable(model));
  const bool is_folder = fs::is_directory(model);
  if (engine.model_format == ModelFormat::kHuggingFace) {
    if (!is_folder)
      return FailedPrecondition(fmt::format(
          "{} loads a folder with config.json and safetensors, and {} is a file{}", engine.name,
          path, IsGguf(model) ? "; redline export makes such a folder of a GGUF file" : ""));
    if (const Status config = CheckReadable(model / "config.json"); !config.ok())
      return FailedPrecondition(
          fmt::format("{} has no config.json that can be read, by which {} "
                      "knows a model: {}",
                      path, engine.name, config.message()));
  }
  if (engine.model_format == ModelFormat::kGguf) {
    if (is_folder) return OneGgufIn(model, engine.name);
    if (!IsGguf(model))
      return FailedPrecondition(
          fmt::format("{} loads GGUF files, and {} is none", engine.name, path));
  }
  return model;
}

}  // namespace redline::platform
