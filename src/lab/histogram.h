// A histogram of durations with a bounded relative error, after HdrHistogram: buckets are linear
// within a power of two, 256 to each, so a value is known to 1/256 (0.4%). 58 KiB at most, whatever
// is recorded. Not thread-safe: each thread fills its own, then they are merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace redline::lab {

class Histogram {
 public:
  // Negative values count as 0. Amortised no allocation.
  void Record(int64_t value, uint64_t count = 1);
  void Merge(const Histogram& other);

  uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  double Mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  int64_t min() const { return count_ == 0 ? 0 : min_; }
  int64_t max() const { return count_ == 0 ? 0 : max_; }
  double StdDev() const;  // of the population
  // The value below which a share `quantile` in [0, 1] of the values lie (the middle of its bucket,
  // never outside [min, max]). 0 when empty.
  double Quantile(double quantile) const;

  // Non-empty buckets in order: their lowest value, the one after their highest, how many.
  struct Bucket {
    int64_t low = 0;
    int64_t high = 0;
    uint64_t count = 0;
  };
  std::vector<Bucket> Buckets() const;

 private:
  static constexpr int kSubBits = 8;
  static constexpr int64_t kSubBuckets = int64_t{1} << kSubBits;
  static size_t IndexOf(int64_t value);
  static int64_t LowOf(size_t index);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
  int64_t min_ = 0;
  int64_t max_ = 0;
};

}  // namespace redline::lab
