#include "lab/report/distribution_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/metrics/distribution.h"
#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr size_t kMostPoints = 200;
// A tail this many times the fastest requests is drawn on a logarithmic axis.
constexpr double kLogFrom = 20;

// Of requests that were answered well; sorted.
std::vector<double> ValuesOf(const Measurement& measurement,
                             std::vector<double> RequestColumns::*column) {
  std::vector<double> values;
  for (const RunResult& run : measurement.repeats) {
    const std::vector<double>& cells = run.requests.*column;
    for (size_t row = 0; row < cells.size(); ++row) {
      const bool is_ok = row < run.requests.outcome.size() &&
                         run.requests.outcome[row] == static_cast<int64_t>(Outcome::kOk);
      if (is_ok && std::isfinite(cells[row]) && cells[row] >= 0) values.push_back(cells[row]);
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

Point QuantilePoint(const std::vector<double>& sorted, double quantile) {
  return {.x = QuantileOfSorted(sorted, quantile), .y = quantile};
}

// Evenly spread quantiles, closer together in the tail; p50, p90 and p99 carry marks.
std::vector<Point> QuantilePoints(const std::vector<double>& sorted, const std::string& name) {
  std::vector<double> quantiles;
  const size_t steps = std::min(kMostPoints, std::max<size_t>(sorted.size() - 1, 1));
  for (size_t i = 0; i <= steps; ++i)
    quantiles.push_back(static_cast<double>(i) / static_cast<double>(steps));
  if (sorted.size() > kMostPoints) {
    for (double quantile = 0.9905; quantile < 1; quantile += 0.0005) quantiles.push_back(quantile);
  }
  for (const double marked : {0.5, 0.9, 0.99}) quantiles.push_back(marked);
  std::sort(quantiles.begin(), quantiles.end());
  quantiles.erase(std::unique(quantiles.begin(), quantiles.end()), quantiles.end());
  std::vector<Point> points;
  for (const double quantile : quantiles) {
    Point& point = points.emplace_back(QuantilePoint(sorted, quantile));
    if (quantile == 0.5 || quantile == 0.9 || quantile == 0.99)
      point.title =
          fmt::format("{}: p{:.0f} is {} ms", name, quantile * 100, FormatFigure(point.x));
  }
  return points;
}

}  // namespace

LineChart MakeDistributionChart(NamedMeasurements measurements, const DistributionPlot& plot) {
  LineChart chart{
      .title = plot.title,
      .description = "Share of the requests, upwards, that took at most so long.",
      .x_label = plot.x_label,
      .y_label = "share of requests",
      .y_ticks = {{0, "0"}, {0.25, "25%"}, {0.5, "50%"}, {0.75, "75%"}, {0.9, "90%"}, {1, "100%"}}};
  double least = INFINITY;
  double greatest = 0;
  for (size_t i = 0; i < measurements.size(); ++i) {
    const std::vector<double> values = ValuesOf(measurements[i].measurement, plot.column);
    if (values.empty()) continue;
    least = std::min(least, QuantileOfSorted(values, 0.01));
    greatest = std::max(greatest, values.back());
    chart.series.push_back({.name = measurements[i].name,
                            .style = i,
                            .points = QuantilePoints(values, measurements[i].name)});
  }
  if (least > 0 && greatest > kLogFrom * least) {
    chart.x_scale = Scale::kLog;
    chart.x_label += ", logarithmic";
  }
  return chart;
}

}  // namespace redline::lab
