#include "workload/load_workload.h"

#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "workload/presets.h"

namespace redline::workload {
namespace {

constexpr uint64_t kMaxFileBytes = 1 << 20;

}  // namespace

Result<spec::WorkloadSpec> LoadWorkload(const std::string& name_or_path) {
  auto preset = FindPreset(name_or_path);
  const std::filesystem::path path = name_or_path;
  std::error_code error;
  const bool looks_like_path = path.has_parent_path() || path.has_extension();
  if (preset.ok() || (!looks_like_path && !std::filesystem::exists(path, error))) return preset;
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  auto spec =
      path.extension() == ".json" ? spec::WorkloadFromJson(text) : spec::WorkloadFromYaml(text);
  if (!spec.ok()) return spec.status().WithContext(EscapeControl(name_or_path));
  if (!spec->dataset.path.empty())
    spec->dataset.path = (path.parent_path() / spec->dataset.path).string();
  return spec;
}

}  // namespace redline::workload
