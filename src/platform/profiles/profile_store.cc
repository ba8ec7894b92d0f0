#include "platform/profiles/profile_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "backends/backend.h"
#include "base/files.h"
#include "base/strings.h"
#include "spec/deployment.h"
#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostFileBytes = 256 << 10;
constexpr spec::YamlLimits kFileLimits{
    .max_bytes = kMostFileBytes, .max_depth = 8, .max_values = 4096};
constexpr std::string_view kExtension = ".yaml";

// Defects with which a profile would run all the same, if not as well as it could.
constexpr std::array<std::string_view, 9> kFlaws = {
    "no_effect",           "replaced",          "slow",
    "missing_tool_parser", "wrong_tool_parser", "missing_reasoning_parser",
    "missing_encoder",     "idle_gpus",         "wrong_reasoning_parser"};

void AddFlaw(spec::Evidence& evidence, const std::string& flaw) {
  if (evidence.kind == spec::Evidence::Kind::kNone) return;
  if (std::find(evidence.flaws.begin(), evidence.flaws.end(), flaw) == evidence.flaws.end())
    evidence.flaws.push_back(flaw);
}

Status CheckName(const CatalogEntry& entry, const spec::Profile& profile) {
  if (!spec::ValidateDeploymentName(profile.name).ok())
    return InvalidArgument(
        fmt::format("name \"{}\" is not one for a profile: use 1 to 63 of a-z, 0-9, \".\" and "
                    "\"-\", with a letter or digit at both ends",
                    Excerpt(profile.name)),
        "name");
  const spec::Profile* known = entry.FindProfile(profile.name);
  if (known == nullptr || entry.IsUsers(*known)) return OkStatus();
  return Status(
      Code::kAlreadyExists,
      fmt::format("name \"{}\" is a profile's of the library: choose another", known->name),
      "name");
}

Status CheckHardware(const spec::HardwareMatch& match) {
  constexpr int64_t kMostDevices = 1 << 20;
  if (match.device != "cpu" && match.device != "nvidia")
    return InvalidArgument(
        fmt::format("hardware.device \"{}\" must be cpu or nvidia", Excerpt(match.device)),
        "hardware.device");
  if (match.min_devices < 1 || match.min_devices > kMostDevices)
    return InvalidArgument(fmt::format("hardware.min_devices {} must be from 1 to {}",
                                       match.min_devices, kMostDevices),
                           "hardware.min_devices");
  if (match.min_device_memory_bytes < 0)
    return InvalidArgument(fmt::format("hardware.min_device_memory_bytes {} must not be negative",
                                       match.min_device_memory_bytes),
                           "hardware.min_device_memory_bytes");
  return OkStatus();
}

Result<spec::Profile> ReadProfile(const CatalogEntry& entry, const fs::path& file) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostFileBytes));
  RL_ASSIGN_OR_RETURN(const nlohmann::json json, spec::ParseYaml(text, kFileLimits));
  if (!json.is_object())
    return InvalidArgument("it is no mapping of a profile's fields: name, hardware, engine, ...");
  RL_ASSIGN_OR_RETURN(auto profile,
                      spec::FieldsFromJson<spec::Profile>(json, spec::UnknownKeys::kRefuse));
  if (profile.name != file.stem())
    return InvalidArgument(fmt::format("name \"{}\" must be the file's, {}", Excerpt(profile.name),
                                       file.stem().string()),
                           "name");
  return CheckProfile(entry, std::move(profile));
}

bool IsPlainFolder(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::directory;
}

// Its profiles by name; those of a write that was cut off have another ending.
std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!IsPlainFolder(folder)) return files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const bool is_file = it->symlink_status(error).type() == fs::file_type::regular;
    if (is_file && it->path().extension() == kExtension) files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool IsNewer(const spec::Profile& left, const spec::Profile& right) {
  return left.evidence.date > right.evidence.date;
}

}  // namespace

Result<spec::Profile> CheckProfile(const CatalogEntry& entry, spec::Profile profile) {
  RL_RETURN_IF_ERROR(CheckName(entry, profile));
  RL_RETURN_IF_ERROR(CheckHardware(profile.hardware));
  if (!profile.evidence.workload.empty())
    RL_RETURN_IF_ERROR(spec::WorkloadFromJson(profile.evidence.workload)
                           .status()
                           .WithContext("evidence.workload"));
  profile.evidence.stale.clear();
  const auto backend = backends::FindBackend(profile.engine.engine);
  if (backend.ok() && (*backend)->facts().is_built_in) profile.engine.version.clear();
  for (const Defect& defect : LintProfile(entry, profile)) {
    if (std::find(kFlaws.begin(), kFlaws.end(), defect.rule) == kFlaws.end())
      return InvalidArgument(
          fmt::format("profile {}: {} ({})", profile.name, defect.message, defect.rule), "profile");
    AddFlaw(profile.evidence, fmt::format("{} ({}).", defect.message, defect.rule));
  }
  return profile;
}

std::vector<std::string> ProfileStore::LoadInto(Catalog& catalog, const CatalogEntry& entry) const {
  std::vector<std::string> problems;
  std::vector<spec::Profile> profiles;
  for (const fs::path& file : FilesIn(FolderOf(entry))) {
    if (profiles.size() == kMostProfiles) {
      problems.push_back(
          fmt::format("{}: {} profiles of {} are read, this is one more: delete some",
                      file.string(), kMostProfiles, entry.name));
      break;
    }
    auto profile = ReadProfile(entry, file);
    if (profile.ok()) {
      profiles.push_back(std::move(profile).value());
    } else {
      problems.push_back(fmt::format("{}: {}; correct the file or delete it", file.string(),
                                     profile.status().message()));
    }
  }
  std::stable_sort(profiles.begin(), profiles.end(), IsNewer);
  catalog.SetUserProfiles(entry, std::move(profiles));
  return problems;
}

std::vector<std::string> ProfileStore::LoadInto(Catalog& catalog) const {
  std::vector<std::string> problems;
  for (const CatalogEntry& entry : catalog.entries()) {
    const auto of_model = LoadInto(catalog, entry);
    problems.insert(problems.end(), of_model.begin(), of_model.end());
  }
  return problems;
}

Result<bool> ProfileStore::Put(const CatalogEntry& entry, const spec::Profile& profile) const {
  RL_RETURN_IF_ERROR(CheckName(entry, profile));
  const std::string text = spec::ToYaml(spec::ToJson(profile));
  if (text.size() > kMostFileBytes)
    return Status(Code::kTooLarge, fmt::format("the profile {} takes {} bytes; {} are the most",
                                               profile.name, text.size(), kMostFileBytes));
  const fs::path folder = FolderOf(entry);
  RL_RETURN_IF_ERROR(MakeDirectories(root_, 0700));
  RL_RETURN_IF_ERROR(MakeDirectories(folder, 0700));
  if (!IsPlainFolder(folder))
    return FailedPrecondition(folder.string() + " is a link: profiles are written to folders only");
  const fs::path file = folder / (profile.name + std::string(kExtension));
  const auto files = FilesIn(folder);
  const bool is_there = std::find(files.begin(), files.end(), file) != files.end();
  if (!is_there && files.size() >= kMostProfiles)
    return FailedPrecondition(
        fmt::format("{} has {} published profiles, which are the most: delete one first",
                    entry.name, files.size()));
  RL_RETURN_IF_ERROR(WriteFileAtomic(file, text, 0600));
  return is_there;
}

Status ProfileStore::Remove(const CatalogEntry& entry, const std::string& name) const {
  const spec::Profile* known = entry.FindProfile(name);
  if (known != nullptr && !entry.IsUsers(*known))
    return FailedPrecondition(
        fmt::format("{} is a profile of the library: only published ones can be deleted", name));
  const fs::path file = FolderOf(entry) / (name + std::string(kExtension));
  const bool is_name = spec::ValidateDeploymentName(name).ok() && IsPlainFolder(FolderOf(entry));
  if (is_name && ::unlink(file.c_str()) == 0) return OkStatus();
  if (is_name && errno != ENOENT) return ErrnoStatus("cannot delete " + file.string(), errno);
  std::vector<std::string> names;
  for (const spec::Profile& profile : entry.profiles) {
    if (entry.IsUsers(profile)) names.push_back(profile.name);
  }
  return NotFound(fmt::format("{} has no published profile \"{}\"{}", entry.name, Excerpt(name),
                              DidYouMean(name, names)),
                  "name");
}

}  // namespace redline::platform
