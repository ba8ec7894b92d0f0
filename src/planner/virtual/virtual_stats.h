// What an engine's /metrics tells. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace redline::planner {

// Counts of times, by upper bounds in seconds; the engines' own histograms are sums of these.
class TimeHistogram {
 public:
  static constexpr std::array<double, 21> kBounds = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08,
                                                     0.1,   0.25,  0.5,  0.75, 1,    2.5,  5,
                                                     7.5,   10,    20,   40,   80,   160,  640};

  void Add(double seconds, int64_t count = 1) {
    size_t index = 0;
    while (index < kBounds.size() && seconds > kBounds[index]) ++index;
    counts_[index] += count;
    sum_ += seconds * static_cast<double>(count);
    count_ += count;
  }
  // Of times up to kBounds[index].
  int64_t CountUpTo(size_t index) const {
    int64_t count = 0;
    for (size_t at = 0; at <= index; ++at) count += counts_[at];
    return count;
  }
  double sum() const { return sum_; }
  int64_t count() const { return count_; }

 private:
  std::array<int64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
  int64_t count_ = 0;
};

struct VirtualRankStats {
  int64_t num_running = 0;
  int64_t num_waiting = 0;
  int64_t used_tokens = 0;
  int64_t capacity_tokens = 0;
  int64_t num_preemptions = 0;

  double kv_usage() const {
    return capacity_tokens > 0
               ? static_cast<double>(used_tokens) / static_cast<double>(capacity_tokens)
               : 0;
  }
};

struct VirtualStats {
  std::vector<VirtualRankStats> ranks;
  // Since the start.
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of prompt_tokens
  int64_t generation_tokens = 0;
  int64_t num_finished = 0;
  int64_t num_aborted = 0;
  TimeHistogram ttft;
  TimeHistogram e2e;
  TimeHistogram time_per_token;  // mean of each request
  double tokens_per_second = 0;  // of all ranks, lately
};

}  // namespace redline::planner
