// Installs an engine of a recipe into a virtual environment of its own, with the ordinary pip.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "backends/install/engine_store.h"
#include "backends/install/recipe.h"
#include "base/status.h"
#include "spec/deployment.h"

namespace redline::backends {

struct InstallOptions {
  std::filesystem::path cache_dir;
  std::string python;  // the interpreter; "": the first on PATH that the recipe is for
  bool reinstall = false;
};

// Called from the installing thread, at most ten times a second.
using InstallProgress = std::function<void(const spec::Progress&)>;

// Blocks until the engine is installed; at once when it is already. What a killed installation left
// is gone on with. Settings of pip (PIP_INDEX_URL, pip.conf, proxies) hold. Errors name the remedy:
// kFailedPrecondition (no fitting Python, no compiler), kResourceExhausted (disk: need and have),
// kUnavailable (no network), kNotFound (the index lacks a package), kAlreadyExists (another process
// installs it), kCancelled, kInternal (pip's last words, and where its log is).
Result<Installation> InstallEngine(const InstallRecipe& recipe, const InstallOptions& options,
                                   const InstallProgress& progress, const std::stop_token& stop);

// Makes an engine known that is there already: `path` is its virtual environment, or for an engine
// that is a program of its own that program. kInvalidArgument when it is not that engine and
// version; kAlreadyExists while another process installs it.
Result<Installation> RegisterEngine(const InstallRecipe& recipe, const std::filesystem::path& path,
                                    const std::filesystem::path& cache_dir);

// What is wrong with an installation; OK: its packages are there in the recipe's versions (when it
// was installed by one), the names that it looks itself up by, too, and its check passes. Takes
// seconds: it starts the engine's program.
Status CheckInstallation(const InstallRecipe& recipe, const Installation& installation);

}  // namespace redline::backends
