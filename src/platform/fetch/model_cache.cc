#include "platform/fetch/model_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/strings.h"
#include "net/json_body.h"
#include "platform/fetch/sha256_stream.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kMaxFileBytes = int64_t{1} << 42;
constexpr int64_t kDiskReserveBytes = int64_t{64} << 20;

bool IsPlainName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool IsInnerPath(const std::string& path) {
  const auto parts = Split(path, '/');
  return std::all_of(parts.begin(), parts.end(), IsPlainName);
}

bool IsSha256(std::string_view digest) {
  return digest.size() == 64 &&
         digest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What a file looked like when it was verified.
struct FileStamp {
  int64_t num_bytes = -1;
  int64_t modified_ns = 0;
};

FileStamp StampOf(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return {info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

json ReadMarker(const fs::path& path) {
  auto text = ReadFile(path, 16 << 20);
  if (!text.ok()) return json::object();
  auto marker = net::ParseJsonObject(*text);
  return marker.ok() ? std::move(marker).value() : json::object();
}

json MarkerEntry(const spec::ModelFile& file, const FileStamp& stamp) {
  return {
      {"num_bytes", stamp.num_bytes}, {"modified_ns", stamp.modified_ns}, {"sha256", file.sha256}};
}

Status SyncDirectory(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0)
    return ErrnoStatus("cannot sync " + path.string(), errno);
  return OkStatus();
}

}  // namespace

Status ValidateModelFiles(const std::string& model, const std::vector<spec::ModelFile>& files) {
  if (!IsPlainName(model)) return InvalidArgument("\"" + model + "\" is no model name", "model");
  if (files.empty()) return InvalidArgument("model " + model + " has no files", "files");
  for (const spec::ModelFile& file : files) {
    if (!IsInnerPath(file.path))
      return InvalidArgument(fmt::format("\"{}\" is no path inside a model's folder", file.path),
                             "files");
    if (file.num_bytes <= 0 || file.num_bytes > kMaxFileBytes)
      return InvalidArgument(fmt::format("{}: {} is no file size", file.path, file.num_bytes),
                             "files");
    if (!IsSha256(file.sha256))
      return InvalidArgument(
          fmt::format("{}: \"{}\" is no SHA-256 (64 hex digits)", file.path, file.sha256), "files");
  }
  return OkStatus();
}

ModelCache::ModelCache(const fs::path& cache_dir, const std::string& model)
    : dir_(cache_dir / "models" / model) {}

fs::path ModelCache::PartialPathOf(const spec::ModelFile& file) const {
  return partial_dir() / file.sha256;
}

Result<FileLock> ModelCache::Prepare(const std::stop_token& stop) const {
  RL_RETURN_IF_ERROR(MakeDirectories(partial_dir()));
  while (!stop.stop_requested()) {
    auto lock = FileLock::Acquire(dir_ / ".lock");
    if (lock.ok() || lock.status().code() != Code::kAlreadyExists) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Status(Code::kCancelled, "cancelled while another fetch of the model was running");
}

bool ModelCache::IsVerified(const spec::ModelFile& file) const {
  const FileStamp stamp = StampOf(PathOf(file));
  if (stamp.num_bytes != file.num_bytes) return false;
  const json marker = ReadMarker(dir_ / ".verified.json");
  const auto entry = marker.find(file.path);
  return entry != marker.end() && *entry == MarkerEntry(file, stamp);
}

Status ModelCache::VerifyInPlace(const spec::ModelFile& file, const std::stop_token& stop) const {
  const fs::path path = PathOf(file);
  if (StampOf(path).num_bytes != file.num_bytes)
    return NotFound(path.string() + " is not there in its full size");
  Sha256Stream hash;
  RL_RETURN_IF_ERROR(HashFile(path, file.num_bytes, stop, hash));
  if (hash.Finish() != file.sha256) return DataLoss(path.string() + " has another SHA-256");
  return RecordVerified(file);
}

Status ModelCache::Publish(const spec::ModelFile& file) const {
  const fs::path path = PathOf(file);
  RL_RETURN_IF_ERROR(MakeDirectories(path.parent_path()));
  if (::rename(PartialPathOf(file).c_str(), path.c_str()) != 0)
    return ErrnoStatus("cannot rename to " + path.string(), errno);
  RL_RETURN_IF_ERROR(SyncDirectory(path.parent_path()));
  return RecordVerified(file);
}

Status ModelCache::RecordVerified(const spec::ModelFile& file) const {
  json marker = ReadMarker(dir_ / ".verified.json");
  marker[file.path] = MarkerEntry(file, StampOf(PathOf(file)));
  return WriteFileAtomic(dir_ / ".verified.json", marker.dump(2) + "\n");
}

void ModelCache::RemovePartials() const {
  std::error_code error;
  fs::remove_all(partial_dir(), error);
}

Status CheckDiskSpace(const fs::path& path, int64_t num_bytes, std::string_view what) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0)
    return ErrnoStatus("cannot stat " + path.string(), errno);
  const auto free_bytes =
      static_cast<uint64_t>(info.f_bavail) * static_cast<uint64_t>(info.f_frsize);
  const auto needed = static_cast<uint64_t>(num_bytes + kDiskReserveBytes);
  if (free_bytes >= needed) return OkStatus();
  return ResourceExhausted(fmt::format(
      "not enough disk space in {}: need {} ({}, and {} to spare), have {}; free {} or set "
      "REDLINE_CACHE_DIR",
      path.string(), FormatBytes(needed), what, FormatBytes(kDiskReserveBytes),
      FormatBytes(free_bytes), FormatBytes(needed - free_bytes)));
}

}  // namespace redline::platform
