// An engine of two packages of a few lines, and the folder of wheels that pip finds them in: what
// the tests install.
#pragma once

#include <filesystem>
#include <string>

#include "backends/install/recipe.h"

namespace redline::backends {

// A folder of its own, gone with the object.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// tiny@1.0: the distributions tiny-engine (bin/tiny-engine prints "tiny 1.0") and tiny.dep.
InstallRecipe TinyRecipe();

// Writes into `folder`: tiny-engine 1.0, tiny.dep 2.1 and 3.0, bulky 1.0 (64 MiB of zeros, once
// it is unpacked), and as sources: broken 1.0, which cannot be built, and slow 1.0, whose build
// writes its process id to $TINY_STARTED and waits until the file $TINY_GO is there.
// Settings of pip are then for this folder alone, until the process ends.
void MakeTinyPackages(const std::filesystem::path& folder);

// Why this machine cannot run such tests; "": it can.
std::string WhyNoVirtualEnvironments();

}  // namespace redline::backends
