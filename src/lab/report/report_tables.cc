#include "lab/report/report_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/strings.h"
#include "lab/metrics/metric_table.h"
#include "lab/report/differences.h"
#include "lab/report/figures.h"
#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr size_t kMostRows = 100;
constexpr size_t kSampleBytes = 300;

std::string WhenKnown(double value, std::string (*format)(double)) {
  return value < 0 ? "-" : format(value);
}

Cell FigureCell(const Measurement& measurement, std::string_view figure) {
  return {FigureText(measurement.summary, figure), IntervalText(measurement, figure)};
}

std::string RowsCaption(std::string caption, size_t num_rows) {
  if (num_rows <= kMostRows) return caption;
  return fmt::format("{} (the first {} of {})", caption, kMostRows, num_rows);
}

std::vector<Cell> RepeatRow(const RunResult& run, size_t number) {
  const SteadyState& steady = run.steady_state;
  const std::string window = steady.found
                                 ? FormatRange(steady.window.begin_s, steady.window.end_s) + " s"
                                 : "none: " + steady.reason;
  return {{std::to_string(number)},
          {run.started_at_ms == 0 ? "-" : FormatRfc3339(run.started_at_ms)},
          {FigureText(run.summary, "requests")},
          {FigureText(run.summary, "output_tps")},
          {run.before_drain.seconds() > 0 ? FormatFigure(run.before_drain_output_tps) : "-"},
          {steady.found ? FigureText(run.steady, "output_tps") : "-", window},
          {FigureText(run.summary, "ttft_ms.p50")},
          {FigureText(run.summary, "ttft_ms.p99")},
          {FigureText(run.summary, "tpot_ms.p50")},
          {FigureText(run.summary, "e2e_ms.p99")}};
}

}  // namespace

ReportTable OverviewTable(NamedMeasurements measurements) {
  ReportTable table{.caption = "All measurements", .header = {"measurement", "valid"}};
  const std::vector<KeyFigure> figures = PresentFigures(measurements);
  for (const KeyFigure& figure : figures) {
    std::string title(figure.title);
    if (!figure.unit.empty()) title += fmt::format(" ({})", figure.unit);
    table.header.push_back(std::move(title));
  }
  for (const auto& [name, measurement] : measurements) {
    std::vector<Cell> row = {
        {name, measurement.workload_name},
        {measurement.valid ? "yes" : "INVALID", "", measurement.valid ? Tone::kPlain : Tone::kBad}};
    for (const KeyFigure& figure : figures) row.push_back(FigureCell(measurement, figure.figure));
    table.rows.push_back(std::move(row));
  }
  return table;
}

ReportTable DistributionTable(const Measurement& measurement) {
  ReportTable table{.caption = "Of requests",
                    .header = {"metric", "mean", "p50", "p90", "p99", "max", "count"}};
  for (const MetricInfo& metric : MetricTable()) {
    const std::string name(metric.name);
    const auto found = measurement.summary.distributions.find(name);
    if (found == measurement.summary.distributions.end()) continue;
    std::vector<Cell> row = {{name, std::string(metric.unit)}};
    for (const char* statistic : {".mean", ".p50", ".p90", ".p99"})
      row.push_back(FigureCell(measurement, name + statistic));
    row.push_back({FormatFigure(found->second.max)});
    row.push_back({FormatFigure(static_cast<double>(found->second.count))});
    table.rows.push_back(std::move(row));
  }
  return table;
}

ReportTable ValueTable(const Measurement& measurement) {
  ReportTable table{.caption = "Of the run", .header = {"metric", "value", "interval"}};
  for (const MetricInfo& metric : MetricTable()) {
    const std::string name(metric.name);
    if (!measurement.summary.values.contains(name)) continue;
    const std::string interval = IntervalText(measurement, name);
    table.rows.push_back({{name, std::string(metric.unit)},
                          {FigureText(measurement.summary, name)},
                          {interval.empty() ? "-" : interval}});
  }
  return table;
}

ReportTable RepeatTable(const Measurement& measurement) {
  const size_t num_repeats = measurement.repeats.size();
  ReportTable table{
      .caption = RowsCaption("Runs", num_repeats),
      .header = {"run", "started at", "answered", "output tokens/s", "before the drain",
                 "steady state", "ttft_ms p50", "ttft_ms p99", "tpot_ms p50", "e2e_ms p99"}};
  for (size_t i = 0; i < std::min(num_repeats, kMostRows); ++i)
    table.rows.push_back(RepeatRow(measurement.repeats[i], i + 1));
  return table;
}

ReportTable ClientTable(const Measurement& measurement) {
  const size_t num_repeats = measurement.repeats.size();
  ReportTable table{.caption = RowsCaption("The client's own part", num_repeats),
                    .header = {"run", "CPU of its busiest thread", "send lag p99, ms",
                               "read delay p99, ms", "headroom", "planned", "sent", "failed"}};
  for (size_t i = 0; i < std::min(num_repeats, kMostRows); ++i) {
    const LoadHealth& health = measurement.repeats[i].health;
    const std::string headroom = WhenKnown(health.headroom, FormatFigure);
    table.rows.push_back({{std::to_string(i + 1)},
                          {WhenKnown(health.client_cpu_share_max, FormatShare)},
                          {WhenKnown(health.schedule_lag_p99_ms, FormatFigure)},
                          {WhenKnown(health.read_delay_p99_ms, FormatFigure)},
                          {headroom == "-" ? headroom : headroom + "x"},
                          {FormatFigure(static_cast<double>(health.num_planned))},
                          {FormatFigure(static_cast<double>(health.num_sent))},
                          {FormatFigure(static_cast<double>(health.num_failed))}});
  }
  return table;
}

ReportTable OutcomeTable(const Measurement& measurement) {
  ReportTable table{.caption = "Outcomes", .header = {"outcome", "requests", "for example"}};
  table.has_text_cells = true;
  for (const OutcomeCount& outcome : TotalOutcomes(measurement))
    table.rows.push_back({{outcome.outcome},
                          {FormatFigure(static_cast<double>(outcome.count))},
                          {outcome.sample.empty() ? "-" : Excerpt(outcome.sample, kSampleBytes)}});
  return table;
}

ReportTable EnvironmentTable(const Measurement& measurement) {
  ReportTable table{.caption = "Environment", .header = {"what", "is"}, .has_text_cells = true};
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) table.rows.push_back({{name}, {value}});
  };
  add("tool", measurement.tool + " " + measurement.tool_version);
  add("target", measurement.target);
  add("api", measurement.api);
  add("seed", std::to_string(measurement.seed));
  add("dataset SHA-256", measurement.dataset_hash);
  for (const auto& [name, value] : measurement.environment) add(name, value);
  return table;
}

ReportTable DifferenceTable(NamedMeasurements measurements) {
  ReportTable table{.caption = "Differences", .header = {"field"}, .has_text_cells = true};
  for (const NamedMeasurement& named : measurements) table.header.push_back(named.name);
  const std::vector<Difference> differences = FindDifferences(measurements);
  table.caption = RowsCaption(table.caption, differences.size());
  for (size_t i = 0; i < std::min(differences.size(), kMostRows); ++i) {
    std::vector<Cell> row = {{differences[i].field}};
    for (const std::string& value : differences[i].values)
      row.push_back({Excerpt(value, kSampleBytes)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace redline::lab
