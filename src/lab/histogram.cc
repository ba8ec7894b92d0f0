#include "lab/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace redline::lab {

// Values below 256 have a bucket each; [2^k, 2^(k+1)) has 256 of width 2^(k-8).
size_t Histogram::IndexOf(int64_t value) {
  if (value < kSubBuckets) return static_cast<size_t>(value);
  const int exponent = std::bit_width(static_cast<uint64_t>(value)) - 1;
  const int shift = exponent - kSubBits;
  const int64_t within = (value >> shift) - kSubBuckets;
  return static_cast<size_t>((shift + 1) * kSubBuckets + within);
}

int64_t Histogram::LowOf(size_t index) {
  const auto number = static_cast<int64_t>(index);
  if (number < kSubBuckets) return number;
  const int64_t shift = number / kSubBuckets - 1;
  return (kSubBuckets + number % kSubBuckets) << shift;
}

void Histogram::Record(int64_t value, uint64_t count) {
  if (count == 0) return;
  value = std::max<int64_t>(value, 0);
  const size_t index = IndexOf(value);
  if (index >= counts_.size()) counts_.resize(index + kSubBuckets);
  counts_[index] += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  count_ += count;
  const auto number = static_cast<double>(value);
  sum_ += number * static_cast<double>(count);
  sum_of_squares_ += number * number * static_cast<double>(count);
}

void Histogram::Merge(const Histogram& other) {
  if (other.empty()) return;
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

double Histogram::StdDev() const {
  if (count_ == 0) return 0;
  const double mean = Mean();
  return std::sqrt(std::max(0.0, sum_of_squares_ / static_cast<double>(count_) - mean * mean));
}

double Histogram::Quantile(double quantile) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(quantile, 0.0, 1.0);
  const auto rank =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen < rank) continue;
    const double middle =
        (static_cast<double>(LowOf(i)) + static_cast<double>(LowOf(i + 1) - 1)) / 2;
    return std::clamp(middle, static_cast<double>(min_), static_cast<double>(max_));
  }
  return static_cast<double>(max_);
}

std::vector<Histogram::Bucket> Histogram::Buckets() const {
  std::vector<Bucket> buckets;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0) buckets.push_back({LowOf(i), LowOf(i + 1), counts_[i]});
  }
  return buckets;
}

}  // namespace redline::lab
