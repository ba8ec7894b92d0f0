#include "engine/kernels/peak/peak.h"
#include "engine/kernels/peak/peak_loop.h"
#include "engine/kernels/peak/read_loop.h"

namespace redline::engine {

float PeakFp32Ref(int64_t rounds) {
  float factor = 0.999f;
  float term = 0.5f;
  asm volatile("" : "+x"(factor), "+x"(term));
  return RunChains<kPeakChains>(rounds, 0.0f, [&](float acc) { return acc * factor + term; });
}

uint64_t ReadRef(const void* data, int64_t num_bytes) {
  typedef uint64_t Words __attribute__((vector_size(16)));
  return SumWords<Words>(data, num_bytes);
}

}  // namespace redline::engine
