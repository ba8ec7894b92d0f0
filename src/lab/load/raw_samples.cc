#include "lab/load/raw_samples.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace redline::lab {
namespace {

struct SampleHeader {
  char magic[8] = {'R', 'L', 'S', 'A', 'M', 'P', 'L', 'E'};
  uint64_t version = 1;
};

Status WriteAll(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ErrnoStatus("writing raw samples", errno);
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return OkStatus();
}

}  // namespace

Status RawSampleWriter::Open(const std::filesystem::path& path) {
  file_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file_.valid()) return ErrnoStatus("opening " + path.string(), errno);
  const SampleHeader header;
  return WriteAll(file_.get(), reinterpret_cast<const char*>(&header), sizeof header);
}

void RawSampleWriter::Append(std::span<const RawSample> samples) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return;
  failure_ =
      WriteAll(file_.get(), reinterpret_cast<const char*>(samples.data()), samples.size_bytes());
}

Status RawSampleWriter::Close() {
  const std::lock_guard lock(mutex_);
  file_.Reset();
  return failure_;
}

Status ReadRawSamples(const std::filesystem::path& path,
                      const std::function<void(const RawSample&)>& on_sample) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoStatus("opening " + path.string(), errno);
  const SampleHeader expected;
  SampleHeader header;
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header) ||
      std::memcmp(&header, &expected, sizeof header) != 0)
    return DataLoss(path.string() + " is not a file of raw samples of this version");
  RawSample sample;
  while (file.read(reinterpret_cast<char*>(&sample), sizeof sample)) on_sample(sample);
  if (file.gcount() != 0)
    return DataLoss(path.string() + " ends inside a sample: its run was cut off");
  return OkStatus();
}

}  // namespace redline::lab
