#include "lab/report/timeline_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr size_t kMostBins = 600;
constexpr size_t kMostStrips = 60;

using Column = std::vector<double> Timeline::*;

bool IsUsable(const Timeline& timeline) {
  const bool has_time =
      std::isfinite(timeline.bin_s) && timeline.bin_s > 0 && std::isfinite(timeline.begin_s);
  return has_time && timeline.size() > 0;
}

// Neighbouring bins are averaged when there are more than can be seen.
size_t BinsPerPoint(const Timeline& timeline) {
  return (timeline.size() + kMostBins - 1) / kMostBins;
}

double MeanOfBins(const std::vector<double>& column, size_t begin, size_t end) {
  double sum = 0;
  for (size_t bin = begin; bin < end; ++bin) sum += column[bin];
  return sum / static_cast<double>(end - begin);
}

double TimeOf(const Timeline& timeline, double bin) {
  return timeline.begin_s + bin * timeline.bin_s;
}

std::vector<Point> PointsOf(const Timeline& timeline, Column column, double factor) {
  std::vector<Point> points;
  const size_t width = BinsPerPoint(timeline);
  for (size_t bin = 0; bin < timeline.size(); bin += width) {
    const size_t end = std::min(bin + width, timeline.size());
    points.push_back({.x = TimeOf(timeline, static_cast<double>(bin + end) / 2),
                      .y = MeanOfBins(timeline.*column, bin, end) * factor});
  }
  return points;
}

std::vector<Point> AddedUp(std::vector<Point> lower, const std::vector<Point>& upper) {
  for (size_t i = 0; i < lower.size(); ++i) lower[i].y += upper[i].y;
  return lower;
}

std::vector<Point> ZeroLine(std::vector<Point> points) {
  for (Point& point : points) point.y = 0;
  return points;
}

std::vector<Strip> StripsOf(const Timeline& timeline) {
  std::vector<Strip> strips;
  const size_t width = (timeline.size() + kMostStrips - 1) / kMostStrips;
  for (size_t bin = 0; bin < timeline.size(); bin += width) {
    const size_t end = std::min(bin + width, timeline.size());
    const double begin_s = TimeOf(timeline, static_cast<double>(bin));
    const double end_s = TimeOf(timeline, static_cast<double>(end));
    strips.push_back(
        {begin_s, end_s,
         fmt::format("{} \u2013 {} s: {} output tokens/s, {} in prefill, {} in decode",
                     FormatFigure(begin_s), FormatFigure(end_s),
                     FormatFigure(MeanOfBins(timeline.output_tokens, bin, end) / timeline.bin_s),
                     FormatFigure(MeanOfBins(timeline.prefill, bin, end)),
                     FormatFigure(MeanOfBins(timeline.decode, bin, end)))});
  }
  return strips;
}

std::vector<Band> SteadyBand(const RunResult& run) {
  if (!run.steady_state.found) return {};
  const TimeSpan window = run.steady_state.window;
  return {{window.begin_s, window.end_s,
           fmt::format("steady state of run 1: {} \u2013 {} s", FormatFigure(window.begin_s),
                       FormatFigure(window.end_s))}};
}

LineChart OutputChart(const Measurement& measurement) {
  LineChart chart{.title = "Output over time",
                  .description = "Output tokens per second, from the begin of the run to its end.",
                  .x_label = "seconds after the run's begin",
                  .y_label = "tokens/s"};
  for (size_t i = 0; i < std::min(measurement.repeats.size(), kMostRepeatsDrawn); ++i) {
    const Timeline& timeline = measurement.repeats[i].timeline;
    if (!IsUsable(timeline)) continue;
    chart.series.push_back(
        {.name = fmt::format("run {}", i + 1),
         .style = i,
         .points = PointsOf(timeline, &Timeline::output_tokens, 1 / timeline.bin_s),
         .is_faint = i > 0});
  }
  return chart;
}

LineChart InFlightChart(const Timeline& timeline) {
  const std::vector<Point> prefill = PointsOf(timeline, &Timeline::prefill, 1);
  const std::vector<Point> both = AddedUp(prefill, PointsOf(timeline, &Timeline::decode, 1));
  return {
      .title = "In flight over time",
      .description =
          "Requests waiting for their first token, and above them those that are "
          "being answered, in run 1.",
      .x_label = "seconds after the run's begin",
      .y_label = "requests",
      .series = {
          {.name = "waiting for the first token (prefill)",
           .style = 1,
           .points = prefill,
           .baseline = ZeroLine(prefill)},
          {.name = "being answered (decode)", .style = 0, .points = both, .baseline = prefill}}};
}

LineChart FailureChart(const Timeline& timeline) {
  const std::vector<Point> failed = PointsOf(timeline, &Timeline::failed, 1 / timeline.bin_s);
  return {
      .title = "Failures over time",
      .description = "Requests per second that failed in run 1.",
      .x_label = "seconds after the run's begin",
      .y_label = "requests/s",
      .series = {
          {.name = "failed requests", .style = 1, .points = failed, .baseline = ZeroLine(failed)}}};
}

bool HasFailures(const Timeline& timeline) {
  return std::any_of(timeline.failed.begin(), timeline.failed.end(),
                     [](double failed) { return failed > 0; });
}

}  // namespace

std::vector<LineChart> MakeTimelineCharts(const Measurement& measurement) {
  if (measurement.repeats.empty() || !IsUsable(measurement.repeats.front().timeline)) return {};
  const RunResult& first = measurement.repeats.front();
  std::vector<LineChart> charts = {OutputChart(measurement), InFlightChart(first.timeline)};
  if (HasFailures(first.timeline)) charts.push_back(FailureChart(first.timeline));
  for (LineChart& chart : charts) {
    chart.bands = SteadyBand(first);
    chart.strips = StripsOf(first.timeline);
  }
  return charts;
}

}  // namespace redline::lab
