// Bytes done, speed and share of a fetch, told at most five times a second.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "platform/fetch/fetch.h"

namespace redline::platform {

// Thread-safe.
class ProgressMeter {
 public:
  ProgressMeter(const ProgressSink& sink, int64_t bytes_total);

  // Bytes of files that were complete before.
  void SetBase(int64_t num_bytes);
  // Of the file under way. SkipTo: those were there before and are no speed.
  void SetCurrent(int64_t num_bytes);
  void SkipTo(int64_t num_bytes);
  // The file under way, of this size, is complete.
  void CompleteFile(int64_t num_bytes);

 private:
  void Tell();

  const ProgressSink& sink_;
  const int64_t bytes_total_;
  std::mutex mutex_;  // guards what follows
  int64_t base_ = 0;
  int64_t current_ = 0;
  MonotonicTime told_at_;
  std::deque<std::pair<MonotonicTime, int64_t>> samples_;  // of the last seconds
};

}  // namespace redline::platform
