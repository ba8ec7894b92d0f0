// The reading loop of peak.h over any vector of 64-bit words. Only plain code: it is compiled with
// instruction-set flags.
#pragma once

#include <cstdint>

namespace redline::engine {

// Eight sums, so that adding never waits; asks ahead as the matmul's weight stream does.
template <typename Vec>
[[gnu::always_inline]] inline uint64_t SumWords(const void* data, int64_t num_bytes) {
  constexpr int kSums = 8;
  constexpr int64_t kStep = kSums * static_cast<int64_t>(sizeof(Vec));
  constexpr int64_t kAheadBytes = 10 << 10;
  const char* bytes = static_cast<const char*>(data);
  Vec sums[kSums] = {};
  for (int64_t at = 0; at + kStep <= num_bytes; at += kStep) {
#pragma GCC unroll 8
    for (int64_t line = 0; line < kStep; line += 64)
      __builtin_prefetch(bytes + at + kAheadBytes + line);
#pragma GCC unroll 8
    for (int i = 0; i < kSums; ++i)
      sums[i] += *reinterpret_cast<const Vec*>(bytes + at + i * static_cast<int64_t>(sizeof(Vec)));
  }
#pragma GCC unroll 8
  for (int i = 1; i < kSums; ++i) sums[0] += sums[i];
  uint64_t sum = 0;
  for (uint64_t lane = 0; lane < sizeof(Vec) / sizeof(uint64_t); ++lane) sum += sums[0][lane];
  return sum;
}

}  // namespace redline::engine
