// redline_export.json: of which GGUF a directory is a complete export, so that asking for the same
// one again costs nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/tensor.h"

namespace redline::engine {

inline constexpr char kExportRecordName[] = "redline_export.json";

// A GGUF file as it was when it was read.
struct ExportSource {
  std::string file_name;
  int64_t num_bytes = 0;
  int64_t modified_ns = 0;  // since 1970
  std::string sha256;
};

// Without the hash: as cheap as stat.
Result<ExportSource> StampSource(const std::filesystem::path& gguf);
Result<std::string> HashSource(const std::filesystem::path& gguf);

// The record's text; `files` are all others of the directory with their sizes.
std::string ExportRecordJson(const ExportSource& source, DType dtype,
                             const std::vector<std::pair<std::string, int64_t>>& files);

// Bytes of the files of a directory that is a complete export of `gguf` in `dtype`: its record
// names this file (name, size and time, or else size and hash), and all files have their sizes.
// nullopt: nothing is there, or an empty directory. kAlreadyExists for anything else, with what it
// is.
Result<std::optional<int64_t>> FindExport(const std::filesystem::path& directory,
                                          const std::filesystem::path& gguf, DType dtype);

}  // namespace redline::engine
