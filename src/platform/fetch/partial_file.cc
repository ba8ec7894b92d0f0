#include "platform/fetch/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace redline::platform {

Result<PartialFile> PartialFile::Open(const std::filesystem::path& path,
                                      const spec::ModelFile& file, const std::stop_token& stop) {
  // O_NOFOLLOW: a link planted there must not lead the download elsewhere.
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd.valid()) return ErrnoStatus("cannot create " + path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus("cannot stat " + path.string(), errno);
  PartialFile partial(path, file, std::move(fd));
  if (info.st_size > file.num_bytes) {
    RL_RETURN_IF_ERROR(partial.Restart());
    return partial;
  }
  RL_RETURN_IF_ERROR(HashFile(path, info.st_size, stop, partial.hash_));
  partial.num_bytes_ = info.st_size;
  return partial;
}

Status PartialFile::Restart() {
  if (::ftruncate(fd_.get(), 0) != 0) return ErrnoStatus("cannot empty " + path_.string(), errno);
  num_bytes_ = 0;
  hash_ = Sha256Stream();
  return OkStatus();
}

Status PartialFile::Append(std::string_view bytes) {
  if (static_cast<int64_t>(bytes.size()) > file_.num_bytes - num_bytes_)
    return Status(Code::kTooLarge, fmt::format("{} is longer than the {} bytes it should have",
                                               file_.path, file_.num_bytes));
  hash_.Update(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("cannot write " + path_.string(), errno);
    bytes.remove_prefix(static_cast<size_t>(count));
    num_bytes_ += count;
  }
  return OkStatus();
}

Status PartialFile::Finish() {
  if (num_bytes_ != file_.num_bytes)
    return DataLoss(
        fmt::format("{} has {} bytes, not {}", file_.path, num_bytes_, file_.num_bytes));
  const std::string digest = hash_.Finish();
  if (digest != file_.sha256) {
    RL_RETURN_IF_ERROR(Restart());
    return DataLoss(fmt::format("{} has SHA-256 {}, not {}", file_.path, digest, file_.sha256));
  }
  if (::fsync(fd_.get()) != 0) return ErrnoStatus("cannot sync " + path_.string(), errno);
  return OkStatus();
}

}  // namespace redline::platform
