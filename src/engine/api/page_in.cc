#include "engine/api/page_in.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace redline::engine {
namespace {

constexpr int64_t kChunkBytes = 32 << 20;

// Whole pages around [data, data + num_bytes). Fails instead of raising SIGBUS.
bool Populate(const std::byte* data, int64_t num_bytes) {
#ifdef MADV_POPULATE_READ
  static const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(data) / page_bytes * page_bytes;
  const auto end = reinterpret_cast<uintptr_t>(data) + static_cast<uintptr_t>(num_bytes);
  return madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ) == 0;
#else
  (void)data, (void)num_bytes;
  return false;
#endif
}

}  // namespace

void PageIn(const Checkpoint& checkpoint, const std::function<void(double)>& progress) {
  const auto total_bytes = static_cast<double>(std::max<int64_t>(1, checkpoint.WeightBytes()));
  int64_t done_bytes = 0;
  for (const TensorView* tensor : checkpoint.AllTensors()) {
    for (int64_t offset = 0; offset < tensor->num_bytes; offset += kChunkBytes) {
      const int64_t num_bytes = std::min(kChunkBytes, tensor->num_bytes - offset);
      if (!Populate(tensor->data + offset, num_bytes)) return;
      done_bytes += num_bytes;
      progress(std::min(1.0, static_cast<double>(done_bytes) / total_bytes));
    }
  }
}

}  // namespace redline::engine
