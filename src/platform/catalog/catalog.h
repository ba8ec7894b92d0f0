// The model library: entries of catalog/models/*.yaml, built into the binary, with the profiles
// that were published here. Immutable but for SetUserProfiles(): who calls that owns the library.
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

// What the model was trained to say, under SGLang's names of the formats.
struct ChatFormat {
  std::string encoding =
      "template";          // "template": its chat template; "builtin": code of the engine
  std::string tool_calls;  // "deepseekv32"; "": calls no tools
  std::string reasoning;   // "deepseek-v3"; "": no reasoning apart from the answer
};

struct CatalogEntry {
  std::string name;  // unique; also the default name of a deployment
  std::string display_name;
  LocalizedText summary;
  std::string license;  // SPDX
  std::vector<std::string> tags;
  std::string config;  // its config.json among catalog/configs; "": only the native engine runs it
  ChatFormat chat;
  spec::ModelSpec spec;
  std::vector<spec::ModelFile> files;      // empty: this version cannot fetch it
  std::vector<spec::ModelSource> sources;  // in order of preference
  std::vector<spec::Profile> profiles;     // in order of preference
  size_t num_user_profiles = 0;            // of them, the first: published here, not built in

  int64_t DownloadBytes() const;  // of its files, else of its weights
  const spec::Profile* FindProfile(std::string_view profile_name) const;  // nullptr: none
  // Of one of `profiles`.
  bool IsUsers(const spec::Profile& profile) const {
    return static_cast<size_t>(&profile - profiles.data()) < num_user_profiles;
  }
};

class Catalog {
 public:
  // Every file whose path starts with "models/" and ends with ".yaml", in the order of the paths.
  // kInvalidArgument, with file and line, for anything that is not as it should be.
  static Result<Catalog> Parse(std::span<const EmbeddedFile> files);

  // One entry; `file` is for messages.
  static Result<CatalogEntry> ParseEntry(const std::string& file, const std::string& text);

  const std::vector<CatalogEntry>& entries() const { return entries_; }
  // kNotFound with the nearest name.
  Result<const CatalogEntry*> Find(std::string_view name) const;
  // Puts these before the model's built-in profiles, in the place of those of the last call; no
  // name is a built-in one's. Pointers to entries stay good, those to profiles do not. `entry` is
  // one of entries().
  void SetUserProfiles(const CatalogEntry& entry, std::vector<spec::Profile> profiles);

 private:
  std::vector<CatalogEntry> entries_;
};

// Something wrong with an entry.
struct Defect {
  std::string profile;  // "": the entry itself
  std::string rule;     // "refused", "no_effect"; the list is in docs/catalog.md
  std::string message;  // a sentence with the remedy
};

// What is wrong with an entry beyond its syntax: engines and parameters that do not exist,
// command lines that the engine would refuse or not do as they say, profiles without evidence to
// show, files that could not be fetched. Empty: nothing.
std::vector<Defect> Lint(const CatalogEntry& entry);
// The same of one profile, which need not be among the entry's.
std::vector<Defect> LintProfile(const CatalogEntry& entry, const spec::Profile& profile);

}  // namespace redline::platform
