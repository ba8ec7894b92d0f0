#include "platform/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/output.h"
#include "base/files.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"

namespace redline::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kMostEntryBytes = uint64_t{4} << 20;

struct FileDefect {
  std::string file;
  std::string model;
  platform::Defect defect;
};

void LintText(const std::string& file, const std::string& text, std::vector<FileDefect>& findings) {
  const auto entry = platform::Catalog::ParseEntry(file, text);
  if (!entry.ok()) {
    findings.push_back({file, "", {"", "syntax", entry.status().message()}});
    return;
  }
  for (platform::Defect& defect : platform::Lint(*entry))
    findings.push_back({file, entry->name, std::move(defect)});
}

bool IsYaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// The file, or every YAML file below the folder, in the order of their names.
Result<std::vector<fs::path>> FilesOf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error) && IsYaml(it->path())) files.push_back(it->path());
  }
  if (error) return Unavailable(fmt::format("{}: {}", path.string(), error.message()));
  if (files.empty())
    return NotFound(fmt::format("{} holds no .yaml file; an entry is a file like those of "
                                "catalog/models",
                                path.string()),
                    "PATH");
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<FileDefect>> LintAll(const Arguments& arguments, size_t& num_files) {
  std::vector<FileDefect> findings;
  if (!arguments.Has("PATH")) {
    for (const EmbeddedFile& file : embedded::catalog_files()) {
      if (!file.path.starts_with("models/")) continue;
      ++num_files;
      LintText(std::string(file.path), std::string(file.data), findings);
    }
    return findings;
  }
  RL_ASSIGN_OR_RETURN(const auto files, FilesOf(arguments.Get("PATH")));
  for (const fs::path& file : files) {
    const auto text = ReadFile(file, kMostEntryBytes);
    if (!text.ok() && files.size() == 1) return text.status();
    ++num_files;
    if (text.ok()) {
      LintText(file.string(), *text, findings);
    } else {  // the others are looked at all the same
      findings.push_back({file.string(), "", {"", "syntax", text.status().message()}});
    }
  }
  return findings;
}

Status LintCatalog(const Arguments& arguments) {
  size_t num_files = 0;
  RL_ASSIGN_OR_RETURN(const std::vector<FileDefect> findings, LintAll(arguments, num_files));
  json listed = json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [file, model, defect] : findings) {
    listed.push_back({{"file", file},
                      {"model", model},
                      {"profile", defect.profile},
                      {"rule", defect.rule},
                      {"message", defect.message}});
    rows.push_back(
        {model.empty() ? file : model, defect.profile, defect.rule, EscapeControl(defect.message)});
  }
  if (!PrintedForPrograms(arguments, listed)) {
    if (rows.empty()) fmt::print("{} entries, no defects\n", num_files);
    if (!rows.empty()) fmt::print("{}", FormatTable({"MODEL", "PROFILE", "RULE", "MESSAGE"}, rows));
  }
  if (findings.empty()) return OkStatus();
  return Internal(fmt::format("{} defect{} in {} entr{}", findings.size(),
                              findings.size() == 1 ? "" : "s", num_files,
                              num_files == 1 ? "y" : "ies"));
}

Status RunCatalogCommand(const Arguments& arguments) {
  const std::string action = arguments.Get("ACTION");
  if (action == "lint") return LintCatalog(arguments);
  return InvalidArgument(
      fmt::format("catalog has no action \"{}\"; there is lint", Excerpt(action)), "ACTION");
}

}  // namespace

Command CatalogCommand() {
  return {.name = "catalog",
          .summary = "check the model library, or entries for it",
          .description =
              "`redline catalog lint` finds what is wrong with the entries of the library, or of a "
              "file or folder: profiles that their engine would refuse or not run as written, "
              "flags that change nothing, parsers and templates of another model, evidence "
              "without a source, what does not fit. The exit status is 1 when there is a defect.",
          .example =
              "redline catalog lint\n"
              "redline catalog lint my-model.yaml --output json",
          .flags = {OutputFlag()},
          .positionals = {{"ACTION", "lint"},
                          {"PATH", "an entry or a folder of them [the library]", false}},
          .run = RunCatalogCommand};
}

}  // namespace redline::app
