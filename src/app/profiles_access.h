// Profiles as commands see them: of the platform that runs, else of this machine's data directory.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/api_client.h"
#include "app/library_here.h"

namespace redline::app {

class ProfilesAccess {
 public:
  // Without a server that was named, one that does not run is no error.
  static Result<ProfilesAccess> Open(const Arguments& arguments);

  // {"items": [...], "problems": [...]} as GET /api/v1/profiles; `model` "": of all.
  Result<nlohmann::json> List(const std::string& model);
  // One, by its model and name.
  Result<nlohmann::json> Find(const std::string& model, const std::string& name);
  // As POST /api/v1/profiles answers.
  Result<nlohmann::json> Publish(const platform::CatalogEntry& entry, const spec::Profile& profile);
  Status Delete(const std::string& model, const std::string& name);

  // The library with this machine's published profiles.
  const platform::Catalog& catalog() const { return library_.catalog; }

 private:
  ProfilesAccess(std::optional<ApiClient> api, LibraryHere library, std::filesystem::path data_dir)
      : api_(std::move(api)), library_(std::move(library)), data_dir_(std::move(data_dir)) {}

  std::optional<ApiClient> api_;
  LibraryHere library_;
  std::filesystem::path data_dir_;
};

// "MODEL/NAME", where MODEL may be a hub's, with a slash of its own.
struct ProfileTarget {
  std::string model;  // the library's name
  std::string name;   // "": the model alone was given
};
Result<ProfileTarget> ProfileTargetOf(const platform::Catalog& catalog, const std::string& text);

}  // namespace redline::app
