// The Python interpreters of this machine, and short questions to them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "backends/install/recipe.h"
#include "base/status.h"

namespace redline::backends {

// Runs a program to its end and returns what it wrote, both streams, at most 64 KiB of the end.
// kFailedPrecondition with the last lines when it does not end with 0, or not within the time.
Result<std::string> OutputOf(const std::vector<std::string>& argv, double timeout_seconds);

struct Python {
  std::string program;
  std::string version;  // "3.11.2"
};

// `wanted`, or the first on PATH that the recipe is for. kFailedPrecondition says which there are.
Result<Python> FindPython(const InstallRecipe& recipe, const std::string& wanted);

// Of an environment's own interpreter: the versions of its distributions, names as PyPI normalises
// them.
Result<std::map<std::string, std::string>> DistributionsOf(const std::filesystem::path& root);
// "Flash_Attn.x" -> "flash-attn-x" (PEP 503).
std::string NormalizedName(std::string_view distribution);

// Where the environment keeps its packages.
Result<std::filesystem::path> SitePackagesOf(const std::filesystem::path& root);

// The first folder of PATH that has the program; "": none.
std::string FindOnPath(const std::string& program);

}  // namespace redline::backends
