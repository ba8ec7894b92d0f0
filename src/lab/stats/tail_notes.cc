#include "lab/stats/tail_notes.h"

#include <fmt/format.h>

#include <string_view>

#include "lab/stats/figure_series.h"
#include "lab/stats/tail_bound.h"

namespace redline::lab {
namespace {

constexpr double kPercentile = 0.99;
constexpr std::string_view kTails[] = {"ttft_ms.p99", "e2e_ms.p99"};

std::vector<double> ValuesOf(const Measurement& measurement, std::string_view figure) {
  std::vector<double> values;
  const auto series = SeriesOf(measurement, figure);
  if (!series) return values;
  for (const std::vector<double>& run : series->runs)
    values.insert(values.end(), run.begin(), run.end());
  return values;
}

}  // namespace

std::vector<std::string> TailNotes(const Measurement& measurement) {
  std::vector<std::string> notes;
  for (const std::string_view figure : kTails) {
    std::vector<double> values = ValuesOf(measurement, figure);
    if (values.empty()) continue;
    const size_t count = values.size();
    const auto bound = TailBound(std::move(values), kPercentile);
    notes.push_back(bound
                        ? fmt::format("{} is below {:.4g} ms with {:.0f}% confidence ({} requests)",
                                      figure, *bound, kTailConfidence * 100, count)
                        : fmt::format("{} cannot be bounded by {} requests: {} are needed", figure,
                                      count, RequestsNeeded(kPercentile)));
  }
  return notes;
}

}  // namespace redline::lab
