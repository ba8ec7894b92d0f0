#include "lab/report/frontier_chart.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "lab/report/configurations.h"
#include "lab/report/number_text.h"
#include "spec/workload_spec.h"

namespace redline::lab {
namespace {

using FigureFunction = std::optional<double> (*)(const Summary&);

// Imports may have no interactivity of their own.
std::optional<double> UserSpeed(const Summary& summary) {
  if (const auto speed = FigureOf(summary, "interactivity_tps.p50")) return speed;
  const auto tpot = FigureOf(summary, "tpot_ms.p50");
  if (!tpot || *tpot <= 0) return std::nullopt;
  return 1000 / *tpot;
}

std::optional<double> TtftTail(const Summary& summary) { return FigureOf(summary, "ttft_ms.p99"); }

std::optional<Point> PointOf(const NamedMeasurement& named, FigureFunction x_of) {
  const auto x = x_of(named.measurement.summary);
  const auto y = FigureOf(named.measurement.summary, "total_tps");
  if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) return std::nullopt;
  return Point{.x = *x,
               .y = *y,
               .title = named.name + ": " + FormatFigure(*y) + " tokens/s at " + FormatFigure(*x),
               .label = named.name};
}

// Closed loops by their concurrency, open ones by their rate.
struct Load {
  bool is_open = false;
  double amount = 0;
};

Load LoadOf(const Measurement& measurement) {
  const auto workload = spec::WorkloadFromJson(measurement.workload);
  if (!workload.ok()) return {};
  const bool is_open = workload->arrivals.process != spec::ArrivalSpec::Process::kClosed;
  return {is_open, is_open ? workload->arrivals.rate : static_cast<double>(workload->concurrency)};
}

struct PlacedPoint {
  double load = 0;
  std::string name;
  Point point;
};

Series SeriesThrough(std::vector<PlacedPoint> placed, size_t style) {
  std::sort(placed.begin(), placed.end(), [](const PlacedPoint& left, const PlacedPoint& right) {
    return std::pair(left.load, left.point.x) < std::pair(right.load, right.point.x);
  });
  Series series{.name = placed.front().name, .style = style, .points = {}};
  if (placed.size() == 2) series.name += ", " + placed.back().name;
  if (placed.size() > 2) series.name += " to " + placed.back().name;
  for (PlacedPoint& one : placed) series.points.push_back(std::move(one.point));
  return series;
}

// One per configuration and kind of loop, joined in the order of load.
std::vector<Series> SeriesOf(NamedMeasurements measurements, FigureFunction x_of) {
  std::map<std::pair<size_t, bool>, std::vector<PlacedPoint>> placed;
  const std::vector<size_t> configurations = ConfigurationsOf(measurements);
  for (size_t i = 0; i < measurements.size(); ++i) {
    auto point = PointOf(measurements[i], x_of);
    if (!point) continue;
    const Load load = LoadOf(measurements[i].measurement);
    placed[{configurations[i], load.is_open}].push_back(
        {load.amount, measurements[i].name, std::move(*point)});
  }
  std::vector<Series> all;
  for (auto& [key, points] : placed) all.push_back(SeriesThrough(std::move(points), all.size()));
  return all;
}

void AppendChart(NamedMeasurements measurements, FigureFunction x_of, LineChart chart,
                 std::vector<LineChart>& charts) {
  chart.series = SeriesOf(measurements, x_of);
  size_t num_points = 0;
  for (const Series& series : chart.series) num_points += series.points.size();
  if (num_points >= 2) charts.push_back(std::move(chart));
}

}  // namespace

std::vector<LineChart> MakeFrontierCharts(NamedMeasurements measurements) {
  std::vector<LineChart> charts;
  AppendChart(measurements, UserSpeed,
              {.title = "Throughput and speed per user (up and right is better)",
               .description = "Total tokens per second against output tokens per second of one "
                              "answer, p50.",
               .x_label = "output tokens/s of one answer, p50",
               .y_label = "total tokens/s"},
              charts);
  AppendChart(measurements, TtftTail,
              {.title = "Throughput and time to first token (up and left is better)",
               .description = "Total tokens per second against the time to the first token, p99.",
               .x_label = "time to first token, p99, ms",
               .y_label = "total tokens/s"},
              charts);
  return charts;
}

}  // namespace redline::lab
