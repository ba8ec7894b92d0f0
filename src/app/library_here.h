// The model library of this machine, for commands that need no server.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/command.h"
#include "platform/catalog/catalog.h"

namespace redline::app {

// --data-dir where the command has it and it was given, else the default.
std::filesystem::path DataDirOf(const Arguments& arguments);

struct LibraryHere {
  platform::Catalog catalog;          // with the profiles that were published in the data directory
  std::vector<std::string> problems;  // files there that are no profiles, a sentence each
};
Result<LibraryHere> ReadLibraryHere(const std::filesystem::path& data_dir);

}  // namespace redline::app
