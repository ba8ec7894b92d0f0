// Files that several tests of the engine read. Paths are relative to the source root.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

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

}  // namespace redline::engine
