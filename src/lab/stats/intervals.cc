#include "lab/stats/intervals.h"

#include <cmath>
#include <optional>
#include <vector>

#include "lab/stats/figure_series.h"
#include "lab/stats/ratio.h"
#include "lab/stats/student.h"

namespace redline::lab {
namespace {

constexpr double kConfidence = 0.95;

constexpr std::string_view kHeadline[] = {
    "total_tps",   "output_tps",  "request_rate", "goodput",     "ttft_ms",
    "ttft_ms.p50", "ttft_ms.p99", "tpot_ms",      "tpot_ms.p50", "tpot_ms.p99",
    "itl_ms",      "itl_ms.p99",  "e2e_ms",       "e2e_ms.p50",  "e2e_ms.p99"};

std::optional<Interval> OfRepeats(const std::vector<double>& values) {
  if (values.size() < kLeastRepeats) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) {
    if (!(value > 0)) return std::nullopt;
    mean += std::log(value) / count;
  }
  double squares = 0;
  for (const double value : values) squares += std::pow(std::log(value) - mean, 2);
  const double error = std::sqrt(squares / (count - 1) / count);
  const double half_width = StudentQuantile((1 + kConfidence) / 2, count - 1) * error;
  return Interval{std::exp(mean - half_width), std::exp(mean + half_width), kConfidence,
                  "t_of_repeats"};
}

std::optional<Interval> WithinRuns(const Measurement& measurement, std::string_view figure) {
  const auto series = SeriesOf(measurement, figure);
  if (!series) return std::nullopt;
  const Estimate estimate =
      BlockBootstrap(series->runs, series->statistic, {.confidence = kConfidence});
  return Interval{estimate.low, estimate.high, kConfidence, "within_run"};
}

}  // namespace

std::span<const std::string_view> HeadlineFigures() { return kHeadline; }

void FillIntervals(Measurement& measurement) {
  measurement.intervals.clear();
  for (const std::string_view figure : kHeadline) {
    auto interval = OfRepeats(ValuesOfRepeats(measurement, figure));
    if (!interval) interval = WithinRuns(measurement, figure);
    if (interval) measurement.intervals[std::string(figure)] = *interval;
  }
}

}  // namespace redline::lab
