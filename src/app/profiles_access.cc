#include "app/profiles_access.h"

#include <fmt/format.h>

#include <cstdlib>

#include "app/this_node.h"
#include "base/files.h"
#include "base/strings.h"
#include "platform/catalog/staleness.h"
#include "platform/layout.h"
#include "platform/profiles/profile_store.h"

namespace redline::app {
namespace {

using nlohmann::json;

bool NamesServer(const Arguments& arguments) {
  const char* variable = std::getenv("REDLINE_SERVER");
  return arguments.Has("server") || (variable != nullptr && *variable != '\0');
}

json ViewOfProfile(const platform::CatalogEntry& entry, const spec::Profile& profile,
                   const platform::Node& node) {
  spec::Profile shown = profile;
  shown.evidence.stale = platform::StaleReasons(profile, platform::SurroundingsOf(profile, &node));
  json view = spec::ToJson(shown);
  view["model"] = entry.name;
  view["origin"] = entry.IsUsers(profile) ? "user" : "library";
  return view;
}

std::string PathOf(const std::string& model, const std::string& name) {
  return "/api/v1/profiles/" + PathSegment(model) + "/" + PathSegment(name);
}

}  // namespace

Result<ProfilesAccess> ProfilesAccess::Open(const Arguments& arguments) {
  const std::filesystem::path data_dir = DataDirOf(arguments);
  RL_ASSIGN_OR_RETURN(LibraryHere library, ReadLibraryHere(data_dir));
  std::optional<ApiClient> api;
  auto connected = ApiClient::Connect(arguments);
  if (connected.ok()) {
    api = std::move(connected).value();
  } else if (NamesServer(arguments) || connected.status().code() != Code::kUnavailable) {
    return connected.status();
  }
  return ProfilesAccess(std::move(api), std::move(library), data_dir);
}

Result<json> ProfilesAccess::List(const std::string& model) {
  if (api_)
    return api_->Get("/api/v1/profiles" + (model.empty() ? "" : "?model=" + PathSegment(model)));
  json items = json::array();
  const platform::Node node = ThisNode();
  for (const platform::CatalogEntry& entry : catalog().entries()) {
    if (!model.empty() && entry.name != model) continue;
    for (const spec::Profile& profile : entry.profiles)
      items.push_back(ViewOfProfile(entry, profile, node));
  }
  return json{{"items", std::move(items)}, {"problems", library_.problems}};
}

Result<json> ProfilesAccess::Find(const std::string& model, const std::string& name) {
  RL_ASSIGN_OR_RETURN(const json list, List(model));
  std::vector<std::string> names;
  for (const json& each : list.value("items", json::array())) {
    names.push_back(each.value("name", ""));
    if (names.back() == name) return each;
  }
  return NotFound(fmt::format("{} has no profile \"{}\"; it has {}{}", model, Excerpt(name),
                              Join(names, ", "), DidYouMean(name, names)),
                  "TARGET");
}

Result<json> ProfilesAccess::Publish(const platform::CatalogEntry& entry,
                                     const spec::Profile& profile) {
  if (api_)
    return api_->Send("POST", "/api/v1/profiles",
                      {{"model", entry.name}, {"profile", spec::ToJson(profile)}});
  const platform::ProfileStore store(platform::DataLayout{data_dir_}.profiles());
  RL_RETURN_IF_ERROR(MakeDirectories(data_dir_, 0700));
  RL_RETURN_IF_ERROR(store.Put(entry, profile).status());
  store.LoadInto(library_.catalog, entry);
  return Find(entry.name, profile.name);
}

Status ProfilesAccess::Delete(const std::string& model, const std::string& name) {
  if (api_) return api_->Send("DELETE", PathOf(model, name), nullptr).status();
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, catalog().Find(model));
  return platform::ProfileStore(platform::DataLayout{data_dir_}.profiles()).Remove(*entry, name);
}

Result<ProfileTarget> ProfileTargetOf(const platform::Catalog& catalog, const std::string& text) {
  if (const auto entry = catalog.Find(text); entry.ok()) return ProfileTarget{(*entry)->name, ""};
  const size_t slash = text.rfind('/');
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, catalog.Find(text.substr(0, slash)));
  return ProfileTarget{entry->name, slash == std::string::npos ? "" : text.substr(slash + 1)};
}

}  // namespace redline::app
