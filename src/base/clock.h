// The two clocks: monotonic for durations and liveness, wall for what people and APIs read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace redline {

using MonotonicTime = std::chrono::steady_clock::time_point;

inline MonotonicTime MonotonicNow() { return std::chrono::steady_clock::now(); }
inline double SecondsSince(MonotonicTime start) {
  return std::chrono::duration<double>(MonotonicNow() - start).count();
}
// Seconds and milliseconds since 1970-01-01 UTC.
int64_t UnixSeconds();
int64_t UnixMillis();
// "2026-01-02T03:04:05.678Z".
std::string FormatRfc3339(int64_t unix_millis);

}  // namespace redline
