#include "engine/weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace redline::engine {
namespace {

int64_t ModifiedNs(const struct stat& info) {
  return info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec;
}

}  // namespace

MappedFile::MappedFile(UniqueFd fd, std::string name, uint64_t size, int64_t modified_ns)
    : fd_(std::move(fd)), name_(std::move(name)), size_(size), modified_ns_(modified_ns) {}

MappedFile::~MappedFile() {
  guard_.reset();  // before the address range can belong to someone else
  if (base_ != nullptr) ::munmap(base_, size_);
}

Result<std::unique_ptr<MappedFile>> MappedFile::Open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO by mistake must not hang.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  return FromFd(std::move(fd), path.string());
}

Result<std::unique_ptr<MappedFile>> MappedFile::FromFd(UniqueFd fd, std::string name) {
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus("cannot stat " + name, errno);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(name + " is not a regular file");
  if (info.st_size == 0) return DataLoss(name + " is empty");
  std::unique_ptr<MappedFile> file(new MappedFile(
      std::move(fd), std::move(name), static_cast<uint64_t>(info.st_size), ModifiedNs(info)));
  void* base = ::mmap(nullptr, file->size_, PROT_READ, MAP_PRIVATE, file->fd_.get(), 0);
  if (base == MAP_FAILED) return ErrnoStatus("cannot map " + file->name_, errno);
  file->base_ = base;
  file->guard_.emplace(base, file->size_);
  if (!file->guard_->guarded()) return ResourceExhausted("too many model files are mapped");
  return file;
}

Status MappedFile::ReadAt(uint64_t offset, std::span<char> out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("cannot read the file", errno);
    if (count == 0) return DataLoss("the file ends early; fetch it again");
    offset += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return OkStatus();
}

Result<std::span<const std::byte>> MappedFile::Range(uint64_t offset, uint64_t num_bytes) const {
  if (offset > size_ || num_bytes > size_ - offset)
    return DataLoss("the file is cut short or damaged: " + std::to_string(num_bytes) +
                    " bytes at offset " + std::to_string(offset) + " of " + std::to_string(size_) +
                    "; fetch it again");
  return std::span(static_cast<const std::byte*>(base_) + offset, num_bytes);
}

void MappedFile::ReleaseMemory() const { ::madvise(base_, size_, MADV_DONTNEED); }

Status MappedFile::CheckIntact() const {
  struct stat info;
  if (::fstat(fd_.get(), &info) != 0) return ErrnoStatus("cannot stat " + name_, errno);
  if (!guard_->damaged() && static_cast<uint64_t>(info.st_size) == size_ &&
      ModifiedNs(info) == modified_ns_)
    return OkStatus();
  return DataLoss(name_ + " was changed while in use; replace model files by rename, and restart");
}

}  // namespace redline::engine
