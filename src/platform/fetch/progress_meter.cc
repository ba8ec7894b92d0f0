#include "platform/fetch/progress_meter.h"

#include <algorithm>
#include <chrono>

namespace redline::platform {
namespace {

constexpr auto kTellEvery = std::chrono::milliseconds(200);
constexpr auto kSpeedWindow = std::chrono::seconds(5);

}  // namespace

ProgressMeter::ProgressMeter(const ProgressSink& sink, int64_t bytes_total)
    : sink_(sink), bytes_total_(bytes_total), told_at_(MonotonicNow() - kTellEvery) {}

void ProgressMeter::SetBase(int64_t num_bytes) {
  const std::lock_guard lock(mutex_);
  base_ = num_bytes;
  current_ = 0;
  Tell();
}

void ProgressMeter::SetCurrent(int64_t num_bytes) {
  const std::lock_guard lock(mutex_);
  current_ = num_bytes;
  Tell();
}

void ProgressMeter::SkipTo(int64_t num_bytes) {
  const std::lock_guard lock(mutex_);
  current_ = num_bytes;
  samples_.clear();
  Tell();
}

void ProgressMeter::CompleteFile(int64_t num_bytes) {
  const std::lock_guard lock(mutex_);
  base_ += num_bytes;
  current_ = 0;
  Tell();
}

void ProgressMeter::Tell() {
  const MonotonicTime now = MonotonicNow();
  const int64_t done = std::min(base_ + current_, bytes_total_);
  if (!sink_ || (now - told_at_ < kTellEvery && done < bytes_total_)) return;
  told_at_ = now;
  if (!samples_.empty() && done < samples_.back().second) samples_.clear();  // started again
  samples_.emplace_back(now, done);
  while (now - samples_.front().first > kSpeedWindow) samples_.pop_front();
  const double seconds = std::chrono::duration<double>(now - samples_.front().first).count();
  spec::Progress progress;
  progress.phase = "downloading";
  progress.bytes_done = done;
  progress.bytes_total = bytes_total_;
  progress.fraction =
      bytes_total_ > 0 ? static_cast<double>(done) / static_cast<double>(bytes_total_) : 0;
  if (seconds > 0)
    progress.bytes_per_second = static_cast<double>(done - samples_.front().second) / seconds;
  sink_(progress);
}

}  // namespace redline::platform
