// Runs a libFuzzer entry over files and folders of files, whole and with every byte changed once:
// the corpus as a unit test.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxMutated = 2048;  // longer files run as they are

void Run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

bool RunFile(const fs::path& path) {
  auto bytes = redline::ReadFile(path);
  if (!bytes.ok()) {
    std::fprintf(stderr, "%s\n", bytes.status().ToString().c_str());
    return false;
  }
  Run(*bytes);
  for (size_t at = 0; at < bytes->size() && bytes->size() <= kMaxMutated; ++at) {
    std::string mutated = *bytes;
    for (const char byte : {'\0', '\xFF', '"', '\n', static_cast<char>(mutated[at] ^ 0x20)}) {
      mutated[at] = byte;
      Run(mutated);
    }
    Run(bytes->substr(0, at));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int num_files = 0;
  for (int index = 1; index < argc; ++index) {
    std::error_code error;
    for (fs::directory_iterator entry(argv[index], error), end; !error && entry != end;
         entry.increment(error)) {
      if (!RunFile(entry->path())) return 1;
      ++num_files;
    }
  }
  std::printf("%d files run\n", num_files);
  return num_files > 0 ? 0 : 1;
}
