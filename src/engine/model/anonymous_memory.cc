#include "engine/model/anonymous_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "base/process.h"
#include "base/strings.h"

namespace redline::engine {
namespace {

Status NotEnough(std::string_view purpose, int64_t need, uint64_t have) {
  const auto in_words = [](uint64_t bytes) {
    return std::to_string(bytes) + " bytes (" + FormatBytes(bytes) + ")";
  };
  return ResourceExhausted(std::string(purpose) + " needs " +
                           in_words(static_cast<uint64_t>(need)) + " of memory, " + in_words(have) +
                           " are available");
}

}  // namespace

Status AnonymousMemory::CheckAvailable(int64_t num_bytes, std::string_view purpose) {
  const uint64_t available = AvailableMemoryBytes();
  if (static_cast<uint64_t>(num_bytes) <= available) return OkStatus();
  return NotEnough(purpose, num_bytes, available);
}

Result<AnonymousMemory> AnonymousMemory::Allocate(int64_t num_bytes, std::string_view purpose) {
  RL_RETURN_IF_ERROR(CheckAvailable(num_bytes, purpose));
  AnonymousMemory memory;
  if (num_bytes == 0) return memory;
  const auto length = static_cast<size_t>(num_bytes);
  void* data = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return NotEnough(purpose, num_bytes, AvailableMemoryBytes());
  madvise(data, length, MADV_HUGEPAGE);  // advice: works without it
  memory.data_ = static_cast<std::byte*>(data);
  memory.num_bytes_ = num_bytes;
  return memory;
}

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    num_bytes_ = std::exchange(other.num_bytes_, 0);
  }
  return *this;
}

void AnonymousMemory::Release() {
  if (data_ != nullptr) munmap(data_, static_cast<size_t>(num_bytes_));
}

}  // namespace redline::engine
