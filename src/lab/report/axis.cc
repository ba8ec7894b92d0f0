#include "lab/report/axis.h"

#include <algorithm>
#include <cmath>

#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr double kGreatest = 1e15;
constexpr double kLeastLog = 1e-6;
constexpr double kLeastWidth = 1e-12;  // powers of ten far below it round to 0
constexpr double kFactors[] = {1, 2, 5};

// The least of 1, 2, 5 times a power of ten that is not below `value` > 0. A hair of tolerance: 0.1
// * 3 is not 0.3.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : kFactors) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

double RoundDown(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double factor : {5.0, 2.0}) {
    if (factor * power <= value * (1 + 1e-9)) return factor * power;
  }
  return power;
}

Range Sane(Scale scale, Range range) {
  const double least = scale == Scale::kLog ? kLeastLog : -kGreatest;
  range.low = std::clamp(range.low, least, kGreatest);
  range.high = std::clamp(range.high, least, kGreatest);
  if (range.low > range.high) std::swap(range.low, range.high);
  // Below this width doubles cannot tell the ticks apart.
  const double magnitude = std::max(std::fabs(range.low), std::fabs(range.high));
  if (range.high - range.low > std::max(magnitude * 1e-9, kLeastWidth)) return range;
  if (scale == Scale::kLog) return {range.low / 2, range.high * 2};
  if (magnitude <= kLeastWidth) return {0, 1};
  return {range.low == 0 ? 0 : range.low - magnitude / 2, range.high + magnitude / 2};
}

}  // namespace

std::vector<double> LinearTicks(double low, double high, int most) {
  const double step = RoundUp((high - low) / std::max(most, 1));
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  std::vector<double> ticks;
  for (double index = first; index <= last; ++index) ticks.push_back(index * step);
  return ticks;
}

std::vector<double> LogTicks(double low, double high) {
  const double first = RoundDown(low);
  const double last = RoundUp(high);
  const bool powers_only = last / first > 1e3;
  std::vector<double> ticks;
  for (double power = std::floor(std::log10(first) + 1e-9);
       std::pow(10, power) <= last * (1 + 1e-9); ++power) {
    for (const double factor : kFactors) {
      const double value = factor * std::pow(10, power);
      const bool is_end = std::fabs(value / first - 1) < 1e-9 || std::fabs(value / last - 1) < 1e-9;
      if (value < first * (1 - 1e-9) || value > last * (1 + 1e-9)) continue;
      if (factor == 1 || !powers_only || is_end) ticks.push_back(value);
    }
  }
  return ticks;
}

Axis::Axis(Scale scale, Range range, double begin, double end, int most_ticks)
    : scale_(scale), begin_(begin), end_(end) {
  const Range sane = Sane(scale, range);
  std::vector<double> values = scale == Scale::kLog ? LogTicks(sane.low, sane.high)
                                                    : LinearTicks(sane.low, sane.high, most_ticks);
  if (values.size() < 2) values = {sane.low, sane.high};
  low_ = values.front();
  high_ = values.back();
  for (const double value : values) {
    const double step = scale == Scale::kLog ? value : values[1] - values[0];
    ticks_.push_back({value, FormatTick(value, step)});
  }
}

double Axis::Position(double value) const {
  const double inside = std::clamp(value, low_, high_);
  const double part = scale_ == Scale::kLog ? std::log(inside / low_) / std::log(high_ / low_)
                                            : (inside - low_) / (high_ - low_);
  return begin_ + part * (end_ - begin_);
}

}  // namespace redline::lab
