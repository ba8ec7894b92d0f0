#include "engine/export/export_record.h"

#include <sys/stat.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/strings.h"
#include "base/version.h"
#include "engine/export/export_dtype.h"
#include "engine/weights/mapped_file.h"

namespace redline::engine {
namespace fs = std::filesystem;
namespace {

// To be raised when an export of the same file would turn out otherwise.
constexpr int64_t kRecordFormat = 1;
constexpr uint64_t kMaxRecordBytes = 1 << 20;

Status Occupied(const fs::path& directory, const std::string& what) {
  return Status(Code::kAlreadyExists,
                "--to " + directory.string() + " " + what +
                    "; remove it, or name a directory that is absent or empty",
                "to");
}

struct ExportRecord {
  int64_t format = 0;
  ExportSource source;
  std::string dtype;
  std::vector<std::pair<std::string, int64_t>> files;
};

// nullopt: not a record.
std::optional<ExportRecord> ParseRecord(const std::string& text) {
  try {
    const auto tree = nlohmann::json::parse(text);
    ExportRecord record;
    record.format = tree.at("format").get<int64_t>();
    const auto& source = tree.at("source");
    record.source = {source.at("file").get<std::string>(), source.at("bytes").get<int64_t>(),
                     source.at("modified_ns").get<int64_t>(),
                     source.at("sha256").get<std::string>()};
    record.dtype = tree.at("dtype").get<std::string>();
    for (const auto& [name, bytes] : tree.at("files").items())
      record.files.emplace_back(name, bytes.get<int64_t>());
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

Result<bool> IsOf(const ExportRecord& record, const fs::path& gguf) {
  RL_ASSIGN_OR_RETURN(const ExportSource now, StampSource(gguf));
  if (now.num_bytes != record.source.num_bytes) return false;
  if (now.file_name == record.source.file_name && now.modified_ns == record.source.modified_ns)
    return true;
  RL_ASSIGN_OR_RETURN(const std::string sha256, HashSource(gguf));
  return sha256 == record.source.sha256;
}

// The bytes of all files, or nullopt when one is not as it was written.
std::optional<int64_t> BytesIfWhole(const fs::path& directory, const ExportRecord& record) {
  int64_t total = 0;
  for (const auto& [name, num_bytes] : record.files) {
    std::error_code error;
    const auto size = fs::file_size(directory / name, error);
    if (error || static_cast<int64_t>(size) != num_bytes) return std::nullopt;
    total += num_bytes;
  }
  return total;
}

}  // namespace

Result<ExportSource> StampSource(const fs::path& gguf) {
  struct stat info {};
  if (::stat(gguf.c_str(), &info) != 0) return ErrnoStatus("cannot stat " + gguf.string(), errno);
  return ExportSource{gguf.filename().string(),
                      static_cast<int64_t>(info.st_size),
                      info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec,
                      {}};
}

Result<std::string> HashSource(const fs::path& gguf) {
  RL_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(gguf));
  RL_ASSIGN_OR_RETURN(const auto bytes, file->Range(0, file->size()));
  std::string sha256 = Sha256Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  RL_RETURN_IF_ERROR(file->CheckIntact());
  return sha256;
}

std::string ExportRecordJson(const ExportSource& source, DType dtype,
                             const std::vector<std::pair<std::string, int64_t>>& files) {
  nlohmann::ordered_json tree = {{"format", kRecordFormat},
                                 {"redline_version", kVersion},
                                 {"source",
                                  {{"file", source.file_name},
                                   {"bytes", source.num_bytes},
                                   {"modified_ns", source.modified_ns},
                                   {"sha256", source.sha256}}},
                                 {"dtype", ExportInfoOf(dtype).name},
                                 {"files", nlohmann::ordered_json::object()}};
  for (const auto& [name, num_bytes] : files) tree["files"][name] = num_bytes;
  return tree.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::optional<int64_t>> FindExport(const fs::path& directory, const fs::path& gguf,
                                          DType dtype) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (!fs::exists(status)) return std::optional<int64_t>();
  if (!fs::is_directory(status)) return Occupied(directory, "is a file");
  if (fs::is_empty(directory, error)) return std::optional<int64_t>();
  if (error) return ErrnoStatus("cannot list " + directory.string(), error.value());
  const auto text = ReadFile(directory / kExportRecordName, kMaxRecordBytes);
  if (!text.ok() && text.status().code() != Code::kNotFound) return text.status();
  if (!text.ok()) return Occupied(directory, "holds other files");
  const auto record = ParseRecord(*text);
  if (!record || record->format != kRecordFormat)
    return Occupied(directory, "holds an export by another version");
  const std::string of = "holds an export of " + Excerpt(record->source.file_name);
  if (record->dtype != ExportInfoOf(dtype).name)
    return Occupied(directory, of + " as " + Excerpt(record->dtype) + ", not as " +
                                   std::string(ExportInfoOf(dtype).name));
  RL_ASSIGN_OR_RETURN(const bool is_of, IsOf(*record, gguf));
  if (!is_of) return Occupied(directory, of + ", which is not " + gguf.string() + " of now");
  const auto num_bytes = BytesIfWhole(directory, *record);
  if (!num_bytes) return Occupied(directory, of + " that was changed since");
  return num_bytes;
}

}  // namespace redline::engine
