// Runs a libFuzzer entry over files and folders of files: the corpus as a unit test.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

bool RunFile(const fs::path& path) {
  const auto bytes = redline::ReadFile(path);
  if (!bytes.ok()) {
    std::fprintf(stderr, "%s\n", bytes.status().ToString().c_str());
    return false;
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int num_files = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    if (!fs::is_directory(argv[i], error)) {
      if (!RunFile(argv[i])) return 1;
      ++num_files;
      continue;
    }
    for (fs::directory_iterator entry(argv[i], error), end; !error && entry != end;
         entry.increment(error)) {
      if (!RunFile(entry->path())) return 1;
      ++num_files;
    }
  }
  std::printf("%d files run\n", num_files);
  return num_files > 0 ? 0 : 1;
}
