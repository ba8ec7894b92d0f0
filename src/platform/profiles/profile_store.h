// Profiles that users publish: profiles/MODEL/NAME.yaml in the data directory. Any thread, any
// process: files are replaced as a whole.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "platform/catalog/catalog.h"

namespace redline::platform {

// A profile of the model as it may be published: with a name that is not the library's and nothing
// that its engine would refuse. What else lint finds is added to the flaws of its evidence; the
// version of a built-in engine, which is this product's, is left out. kInvalidArgument names the
// field.
Result<spec::Profile> CheckProfile(const CatalogEntry& entry, spec::Profile profile);

class ProfileStore {
 public:
  static constexpr size_t kMostProfiles = 64;  // of a model

  // `root`: the folder of models, which need not be there.
  explicit ProfileStore(std::filesystem::path root) : root_(std::move(root)) {}

  // Puts what there is before the built-in profiles, the newest evidence first. What is no profile
  // is left out and told of, a message each with file, field and remedy.
  std::vector<std::string> LoadInto(Catalog& catalog) const;
  // The same of one model.
  std::vector<std::string> LoadInto(Catalog& catalog, const CatalogEntry& entry) const;

  // Writes a profile that CheckProfile() returned, over one of the same name; whether there was
  // one. kResourceExhausted: the disk is full, or the model has kMostProfiles.
  Result<bool> Put(const CatalogEntry& entry, const spec::Profile& profile) const;
  // kNotFound, kFailedPrecondition for a built-in one.
  Status Remove(const CatalogEntry& entry, const std::string& name) const;

 private:
  std::filesystem::path FolderOf(const CatalogEntry& entry) const { return root_ / entry.name; }

  std::filesystem::path root_;
};

}  // namespace redline::platform
