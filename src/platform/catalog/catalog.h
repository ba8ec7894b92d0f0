// The model library: entries of catalog/models/*.yaml, built into the binary. Immutable after
// parsing, so it may be read from any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/embedded.h"
#include "base/status.h"
#include "spec/model_spec.h"
#include "spec/profile.h"

namespace redline::platform {

struct LocalizedText {
  std::string en;
  std::string zh;
};

struct CatalogEntry {
  std::string name;  // unique; also the default name of a deployment
  std::string display_name;
  LocalizedText summary;
  std::string license;  // SPDX
  std::vector<std::string> tags;
  spec::ModelSpec spec;
  std::vector<spec::ModelFile> files;      // empty: this version cannot fetch it
  std::vector<spec::ModelSource> sources;  // in order of preference
  std::vector<spec::Profile> profiles;     // in order of preference

  int64_t DownloadBytes() const;  // of its files, else of its weights
  const spec::Profile* FindProfile(std::string_view profile_name) const;  // nullptr: none
};

class Catalog {
 public:
  // Every file whose path starts with "models/" and ends with ".yaml", in the order of the paths.
  // kInvalidArgument, with file and line, for anything that is not as it should be.
  static Result<Catalog> Parse(std::span<const EmbeddedFile> files);

  const std::vector<CatalogEntry>& entries() const { return entries_; }
  // kNotFound with the nearest name.
  Result<const CatalogEntry*> Find(std::string_view name) const;

 private:
  std::vector<CatalogEntry> entries_;
};

// What is wrong with an entry beyond its syntax, one sentence each: engines and parameters that do
// not exist, profiles without evidence to show, files that could not be fetched. Empty: nothing.
std::vector<std::string> Lint(const CatalogEntry& entry);

}  // namespace redline::platform
