#include "platform/catalog/catalog.h"

#include <algorithm>

#include "base/strings.h"
#include "platform/catalog/yaml_fields.h"
#include "spec/deployment.h"

namespace redline::platform {

template <typename Visitor>
void VisitFields(Visitor& visit, LocalizedText& text) {
  visit("en", text.en);
  visit("zh", text.zh);
}

template <typename Visitor>
void VisitFields(Visitor& visit, ChatFormat& chat) {
  visit("encoding", chat.encoding);
  visit("tool_calls", chat.tool_calls);
  visit("reasoning", chat.reasoning);
}

template <typename Visitor>
void VisitFields(Visitor& visit, CatalogEntry& entry) {
  visit("name", entry.name);
  visit("display_name", entry.display_name);
  visit("summary", entry.summary);
  visit("license", entry.license);
  visit("tags", entry.tags);
  visit("config", entry.config);
  visit("chat", entry.chat);
  visit("spec", entry.spec);
  visit("files", entry.files);
  visit("sources", entry.sources);
  visit("profiles", entry.profiles);
}

namespace {

bool IsModelFile(std::string_view path) {
  return path.starts_with("models/") && path.ends_with(".yaml");
}

Status ValidateEntry(const CatalogEntry& entry) {
  RL_RETURN_IF_ERROR(spec::ValidateDeploymentName(entry.name));
  RL_RETURN_IF_ERROR(spec::ValidateModelSpec(entry.spec));
  for (const auto& file : entry.files) RL_RETURN_IF_ERROR(spec::ValidateModelFile(file));
  for (const auto& source : entry.sources) RL_RETURN_IF_ERROR(spec::ValidateModelSource(source));
  if (entry.profiles.empty()) return InvalidArgument("an entry needs a profile");
  for (const auto& profile : entry.profiles) {
    RL_RETURN_IF_ERROR(spec::ValidateDeploymentName(profile.name));
    if (entry.FindProfile(profile.name) != &profile)
      return InvalidArgument("two profiles are named \"" + profile.name + "\"");
  }
  return OkStatus();
}

// "deepseek-ai/DeepSeek-V3.2", as hubs tell capitals apart nowhere.
bool IsRepoOf(const CatalogEntry& entry, std::string_view name) {
  if (name.find('/') == std::string_view::npos) return false;
  return std::any_of(entry.sources.begin(), entry.sources.end(),
                     [&](const auto& source) { return ToLower(source.repo) == ToLower(name); });
}

}  // namespace

int64_t CatalogEntry::DownloadBytes() const {
  int64_t num_bytes = 0;
  for (const auto& file : files) num_bytes += file.num_bytes;
  return files.empty() ? spec.weight_bytes : num_bytes;
}

const spec::Profile* CatalogEntry::FindProfile(std::string_view profile_name) const {
  for (const auto& profile : profiles) {
    if (profile.name == profile_name) return &profile;
  }
  return nullptr;
}

Result<CatalogEntry> Catalog::ParseEntry(const std::string& file, const std::string& text) {
  if (!IsValidUtf8(text) || text.find('\0') != text.npos)
    return InvalidArgument(file + ": an entry is UTF-8 text");
  RL_ASSIGN_OR_RETURN(auto entry, FieldsFromYaml<CatalogEntry>(file, text));
  RL_RETURN_IF_ERROR(ValidateEntry(entry).WithContext(file));
  return entry;
}

Result<Catalog> Catalog::Parse(std::span<const EmbeddedFile> files) {
  Catalog catalog;
  for (const EmbeddedFile& file : files) {
    if (!IsModelFile(file.path)) continue;
    const std::string path(file.path);
    RL_ASSIGN_OR_RETURN(auto entry, ParseEntry(path, std::string(file.data)));
    if (catalog.Find(entry.name).ok())
      return InvalidArgument(path + ": there is another model named \"" + entry.name + "\"");
    catalog.entries_.push_back(std::move(entry));
  }
  return catalog;
}

Result<const CatalogEntry*> Catalog::Find(std::string_view name) const {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : entries_) {
    if (entry.name == name || IsRepoOf(entry, name)) return &entry;
    names.push_back(entry.name);
  }
  return NotFound("no model named \"" + EscapeControl(name) + "\" in the library (" +
                      Join(names, ", ") + ")" + DidYouMean(name, names),
                  "model");
}

void Catalog::SetUserProfiles(const CatalogEntry& entry, std::vector<spec::Profile> profiles) {
  CatalogEntry& own = entries_[static_cast<size_t>(&entry - entries_.data())];
  const size_t num_profiles = profiles.size();
  const auto built_in = own.profiles.begin() + static_cast<ptrdiff_t>(own.num_user_profiles);
  profiles.insert(profiles.end(), built_in, own.profiles.end());
  own.profiles = std::move(profiles);
  own.num_user_profiles = num_profiles;
}

}  // namespace redline::platform
