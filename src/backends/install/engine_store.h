// The engines that are installed on this node: CACHE/engines/NAME@VERSION/, each with an
// install.json that is written last. A folder without it is the remains of an installation that did
// not come to its end; it counts as nothing, and installing again goes on from there.
//
// Functions of the file system; safe from any thread and process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::backends {

struct Installation {
  std::string engine;
  std::string version;
  std::string device;                // "cpu"; "" of one that was made known by its path
  std::string origin;                // "pip", "path"
  std::filesystem::path root;        // of the virtual environment
  std::vector<std::string> program;  // what starts it, up to its own arguments
  std::string python;                // "3.11.2"; "": it has none
  int64_t installed_at_ms = 0;       // Unix time
};

// In an engine's folder: locked by who installs it.
inline constexpr char kInstallLock[] = "install.lock";

std::filesystem::path EngineDir(const std::filesystem::path& cache_dir, std::string_view engine,
                                std::string_view version);

// kNotFound, with the command that installs it; kDataLoss when its install.json is damaged;
// kFailedPrecondition when its program is gone.
Result<Installation> FindInstallation(const std::filesystem::path& cache_dir,
                                      std::string_view engine, std::string_view version);
// Every folder of the store: an installation, or why it is none.
struct StoredEngine {
  std::string name;  // of the folder: "vllm@0.13.0"
  Result<Installation> installation;
};
std::vector<StoredEngine> ListInstallations(const std::filesystem::path& cache_dir);

// Whether somebody installs it at this moment.
bool IsBeingInstalled(const std::filesystem::path& cache_dir, std::string_view name_at_version);

// Makes it count as installed.
Status RecordInstallation(const std::filesystem::path& cache_dir, const Installation& installation);

// `program` with its first word's '*' filled in and made absolute below `root`. kNotFound: no such
// file that can be executed.
Result<std::vector<std::string>> LocateProgram(const std::filesystem::path& root,
                                               const std::vector<std::string>& program);

}  // namespace redline::backends
