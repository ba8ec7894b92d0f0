// Files that several tests of the engine read. Paths are relative to the source root.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/weights/mapped_file.h"

namespace redline::engine {

inline constexpr char kStoriesGguf[] = "../shared/data/models/stories260K-f32.gguf";
inline constexpr char kStoriesHf[] = "../shared/data/models/stories260K-hf";

// The SmolLM2-135M GGUF: named by REDLINE_SMOLLM2_GGUF, or fetched by scripts/fetch_test_data.sh
// into build/test-data. Empty: not there.
inline std::filesystem::path SmolLm2Path() {
  if (const char* named = std::getenv("REDLINE_SMOLLM2_GGUF")) return named;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry("build/test-data", error), end;
  for (; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("SmolLM2") && name.ends_with(".gguf")) return entry->path();
  }
  return {};
}

// A mapped file with these bytes that exists in memory only. `bytes` is not empty.
inline std::unique_ptr<MappedFile> MapBytes(std::string_view bytes) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (count <= 0) std::abort();
    done += static_cast<size_t>(count);
  }
  auto file = MappedFile::FromFd(std::move(fd), "memory");
  return file.ok() ? std::move(file).value() : nullptr;
}

// A safetensors file of this header and data.
inline std::string SafetensorsBytes(std::string_view header, std::string_view data) {
  const uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof(size));
  return bytes.append(header).append(data);
}

// A directory of this test's own under the temporary directory, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "redline_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace redline::engine
