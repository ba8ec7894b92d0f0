#include "lab/stats/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "lab/stats/figure_series.h"
#include "lab/stats/intervals.h"
#include "lab/stats/ratio.h"

namespace redline::lab {
namespace {

constexpr double kManyFigures = 0.995;
constexpr double kOneFigure = 0.95;

// Sorted by their begin, each two neighbours are one run of A and one of B.
bool Interleaved(const Measurement& a, const Measurement& b) {
  if (a.repeats.size() != b.repeats.size() || a.repeats.empty()) return false;
  std::vector<std::pair<int64_t, bool>> runs;
  for (const RunResult& run : a.repeats) runs.emplace_back(run.started_at_ms, false);
  for (const RunResult& run : b.repeats) runs.emplace_back(run.started_at_ms, true);
  std::sort(runs.begin(), runs.end());
  if (runs.front().first == 0) return false;
  for (size_t i = 0; i < runs.size(); i += 2) {
    if (runs[i].second == runs[i + 1].second) return false;
  }
  return runs.size() > 2;
}

// Empty when the two measured the same thing.
std::string DifferenceOfWorkloads(const Measurement& a, const Measurement& b) {
  const auto differs = [](const char* what, const std::string& left, const std::string& right) {
    if (left.empty() || right.empty() || left == right) return std::string();
    return fmt::format("the {} differ: \"{}\" and \"{}\"", what, Excerpt(left), Excerpt(right));
  };
  for (std::string difference : {differs("workloads", a.workload_name, b.workload_name),
                                 differs("workloads' fields", a.workload, b.workload)}) {
    if (!difference.empty()) return difference;
  }
  // With other seeds the requests are others of the same workload, as those of repeats are.
  return a.seed == b.seed ? differs("datasets", a.dataset_hash, b.dataset_hash) : "";
}

std::string Invalidity(const char* which, const Measurement& measurement) {
  if (measurement.valid) return "";
  const std::string reason =
      measurement.invalid_reasons.empty() ? "" : ": " + measurement.invalid_reasons.front();
  return fmt::format("{} is not a valid measurement{}", which, reason);
}

// Why nothing can be said at all; empty: something can.
std::string Obstacle(const Measurement& a, const Measurement& b, const CompareOptions& options) {
  if (std::string invalid = Invalidity("A", a); !invalid.empty()) return invalid;
  if (std::string invalid = Invalidity("B", b); !invalid.empty()) return invalid;
  if (options.different_workloads_are_fine) return "";
  return DifferenceOfWorkloads(a, b);
}

std::vector<std::string> NotesOn(const Measurement& a, const Measurement& b,
                                 const Comparison& comparison) {
  std::vector<std::string> notes;
  if (std::min(comparison.repeats_a, comparison.repeats_b) >= kLeastRepeats &&
      !comparison.interleaved)
    notes.push_back(
        "A and B were measured one after the other: drift of the machine is part of the "
        "difference, "
        "and the intervals are wider for it; interleave the runs (A/B/A/B)");
  if (a.tool != b.tool)
    notes.push_back(fmt::format("A is of {}, B of {}: clients differ in what they add to latencies",
                                a.tool, b.tool));
  if (a.seed != b.seed)
    notes.push_back(
        fmt::format("the seeds differ ({} and {}): so do the requests", a.seed, b.seed));
  return notes;
}

// Both within-run intervals, put together on logarithms (MOVER, Zou and Donner 2008).
void WithinRunInterval(const Measurement& a, const Measurement& b, FigureComparison& figure) {
  const auto series_a = SeriesOf(a, figure.figure);
  const auto series_b = SeriesOf(b, figure.figure);
  if (!series_a || !series_b) return;
  const BootstrapOptions options{.confidence = figure.confidence};
  const Estimate of_a = BlockBootstrap(series_a->runs, series_a->statistic, options);
  const Estimate of_b = BlockBootstrap(series_b->runs, series_b->statistic, options);
  if (of_a.low <= 0 || of_b.low <= 0) return;
  const double below =
      std::hypot(std::log(of_b.value / of_b.low), std::log(of_a.high / of_a.value));
  const double above =
      std::hypot(std::log(of_b.high / of_b.value), std::log(of_a.value / of_a.low));
  const double low = figure.ratio * std::exp(-below);
  const double high = figure.ratio * std::exp(above);
  if (!std::isfinite(low) || !std::isfinite(high)) return;
  figure.low = low;
  figure.high = high;
  figure.method = "within_run";
}

Verdict VerdictOf(const RatioInterval& interval, Better better, double effect) {
  const bool higher = interval.low > 1;
  const bool lower = interval.high < 1;
  if (higher || lower)
    return higher == (better == Better::kHigher) ? Verdict::kFaster : Verdict::kSlower;
  return interval.detectable <= effect ? Verdict::kNoDifferenceShown : Verdict::kNotEnoughData;
}

std::string ReasonOf(const FigureComparison& figure, double effect) {
  switch (figure.verdict) {
    case Verdict::kNoDifferenceShown:
      return fmt::format("a change of {:.1f}% would have been found", figure.detectable * 100);
    case Verdict::kNotEnoughData:
      return fmt::format(
          "these repeats would find a change of {:.0f}% at best; to find {:.0f}%, measure {} "
          "repeats "
          "of each",
          figure.detectable * 100, effect * 100, figure.repeats_needed);
    default:
      return "";
  }
}

void Judge(const RatioInterval& interval, double effect, FigureComparison& figure) {
  figure.ratio = interval.ratio;
  figure.low = interval.low;
  figure.high = interval.high;
  figure.method = interval.method;
  figure.detectable = interval.detectable;
  figure.repeats_needed = RepeatsNeeded(interval, effect);
  figure.verdict = VerdictOf(interval, figure.better, effect);
  figure.reason = ReasonOf(figure, effect);
}

std::optional<FigureComparison> CompareFigure(const Measurement& a, const Measurement& b,
                                              const std::string& name, bool interleaved,
                                              double confidence, double effect) {
  const MetricInfo* const metric = FindMetric(name.substr(0, name.find('.')));
  const auto value_a = FigureOf(a.summary, name);
  const auto value_b = FigureOf(b.summary, name);
  if (metric == nullptr || !value_a || !value_b || *value_a <= 0) return std::nullopt;
  FigureComparison figure{.figure = name,
                          .unit = std::string(metric->unit),
                          .better = metric->better,
                          .a = *value_a,
                          .b = *value_b,
                          .ratio = *value_b / *value_a,
                          .confidence = confidence};
  const std::vector<double> values_a = ValuesOfRepeats(a, name);
  const std::vector<double> values_b = ValuesOfRepeats(b, name);
  const auto interval = interleaved ? PairedRatio(values_a, values_b, confidence)
                                    : SequentialRatio(values_a, values_b, confidence);
  if (interval) {
    Judge(*interval, effect, figure);
  } else {
    figure.reason =
        fmt::format("{} and {} repeats do not show how runs differ; measure {} or more of each",
                    values_a.size(), values_b.size(), kLeastRepeats);
    WithinRunInterval(a, b, figure);
  }
  return figure;
}

}  // namespace

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFaster:
      return "faster";
    case Verdict::kSlower:
      return "slower";
    case Verdict::kNoDifferenceShown:
      return "no difference shown";
    case Verdict::kNotEnoughData:
      break;
  }
  return "not enough data";
}

Comparison Compare(const Measurement& a, const Measurement& b, const CompareOptions& options) {
  Comparison comparison{.interleaved = Interleaved(a, b),
                        .repeats_a = a.repeats.size(),
                        .repeats_b = b.repeats.size()};
  std::vector<std::string> names = options.figures;
  if (names.empty()) names.assign(HeadlineFigures().begin(), HeadlineFigures().end());
  const double confidence = names.size() == 1 ? kOneFigure : kManyFigures;
  const std::string obstacle = Obstacle(a, b, options);
  for (const std::string& name : names) {
    auto figure = CompareFigure(a, b, name, comparison.interleaved, confidence, options.effect);
    if (!figure) continue;
    if (!obstacle.empty()) figure->verdict = Verdict::kNotEnoughData, figure->reason = obstacle;
    comparison.figures.push_back(std::move(*figure));
  }
  if (!obstacle.empty()) comparison.notes.push_back(obstacle);
  for (std::string& note : NotesOn(a, b, comparison)) comparison.notes.push_back(std::move(note));
  return comparison;
}

}  // namespace redline::lab
