// A run's report as one page.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/report/bar_chart.h"
#include "lab/report/html_page.h"
#include "lab/report/html_table.h"
#include "lab/report/line_chart.h"
#include "lab/report/number_text.h"
#include "lab/tune/tune_tables.h"

namespace redline::lab {
namespace {

double MeanFigure(const Trial& trial, const char* name) {
  double sum = 0;
  double count = 0;
  for (const TrialRun& run : trial.runs.empty() ? trial.short_runs : trial.runs) {
    const auto found = run.figures.find(name);
    if (found == run.figures.end()) continue;
    sum += found->second;
    ++count;
  }
  return count > 0 ? sum / count : NAN;
}

// From the baseline up, one bar after each accepted step, and the last comparison.
BarChart Waterfall(const TuneReport& report) {
  BarGroup group{.name = "over the baseline"};
  group.bars.push_back({.name = "baseline", .style = 1, .value = 1});
  double total = 1;
  for (const TuneStep& step : report.result.steps) {
    if (!step.accepted() || step.ratio <= 0) continue;
    const Range interval{total * step.low, total * step.high};
    total *= step.ratio;
    group.bars.push_back({.name = step.change, .style = 0, .value = total, .interval = interval});
  }
  if (report.result.has_winner) {
    group.bars.push_back({.name = "the winner, in fresh runs",
                          .style = 2,
                          .value = report.result.last.ratio,
                          .interval = Range{report.result.last.low, report.result.last.high}});
  }
  return {.title = "From the baseline to the winner",
          .description = "The ratio to the baseline after each accepted step, with its interval.",
          .x_label = "times the baseline",
          .groups = {std::move(group)}};
}

LineChart Frontier(const TuneReport& report) {
  LineChart chart{.title = "Throughput and time per token (up and left is better)",
                  .description = "Each trial's total tokens per second at its time per token.",
                  .x_label = "mean time per output token, ms",
                  .y_label = "total tokens/s"};
  const TuneSpace& space = report.result.space;
  for (size_t engine = 0; engine < space.engines.size(); ++engine) {
    for (const Trial& trial : report.result.trials) {
      if (trial.choice.engine != engine) continue;
      const Point point{.x = MeanFigure(trial, "tpot_ms.mean"),
                        .y = MeanFigure(trial, "total_tps"),
                        .title = space.Describe(trial.choice),
                        .label = trial.choice == report.result.winner ? "winner" : ""};
      if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
      chart.series.push_back({.name = space.engines[engine].space.engine,
                              .style = engine,
                              .points = {point},
                              .is_joined = false});
    }
  }
  return chart;
}

LineChart Predictions(const TuneReport& report) {
  LineChart chart{.title = "Forecast and measured",
                  .description = "Each trial's measured value over its forecast.",
                  .x_label = fmt::format("forecast, {}", UnitOf(report.result.goal)),
                  .y_label = "measured"};
  double most = 0;
  for (const Trial& trial : report.result.trials) {
    const double value = ValueOfTrial(report, trial);
    if (!trial.forecast || value <= 0 || trial.runs.empty()) continue;
    most = std::max({most, value, trial.forecast->value});
    chart.series.push_back({.name = report.result.space.engines[trial.choice.engine].space.engine,
                            .style = trial.choice.engine,
                            .points = {{.x = trial.forecast->value,
                                        .y = value,
                                        .title = report.result.space.Describe(trial.choice)}},
                            .is_joined = false});
  }
  if (most > 0) {
    chart.series.push_back(
        {.name = "equal", .style = 6, .points = {{0, 0}, {most, most}}, .is_faint = true});
  }
  return chart;
}

// The legend names an engine once.
LineChart WithOneNameEach(LineChart chart) {
  std::vector<Series> joined;
  for (Series& series : chart.series) {
    const auto same = std::find_if(joined.begin(), joined.end(), [&](const Series& other) {
      return other.name == series.name && other.style == series.style;
    });
    if (same == joined.end()) {
      joined.push_back(std::move(series));
    } else {
      same->points.insert(same->points.end(), series.points.begin(), series.points.end());
    }
  }
  for (Series& series : joined) {
    std::stable_sort(series.points.begin(), series.points.end(),
                     [](const Point& left, const Point& right) { return left.x < right.x; });
  }
  chart.series = std::move(joined);
  return chart;
}

void DrawTop(const TuneReport& report, const std::string& title, Markup& markup) {
  const Markup::Scope header = markup.Open("header");
  markup.Element("h1", {}, title);
  const std::string kind = report.result.has_winner ? "banner good" : "banner bad";
  const Markup::Scope banner = markup.Open("div", {{"class", kind}});
  if (report.is_virtual) markup.Element("strong", {}, "VIRTUAL");
  const Markup::Scope list = markup.Open("ul");
  for (const std::string& finding : FindingsOf(report)) markup.Element("li", {}, finding);
}

void DrawMain(const TuneReport& report, Markup& markup) {
  const Markup::Scope main = markup.Open("main");
  markup.Element("h2", {}, "Final configuration");
  DrawCode(TextOf(report.result.space.ConfigurationOf(report.result.winner)), markup);
  if (!report.publish_command.empty()) {
    markup.Element("p", {}, "Publish it as a profile of the library:");
    DrawCode(report.publish_command, markup);
  }
  {
    const Markup::Scope charts = markup.Open("div", {{"class", "charts"}});
    DrawBarChart(Waterfall(report), markup);
    DrawLineChart(WithOneNameEach(Frontier(report)), markup);
    DrawLineChart(WithOneNameEach(Predictions(report)), markup);
  }
  for (const ReportTable& table : {AcceptedStepsTable(report), OtherStepsTable(report),
                                   TrialsTable(report), RefitTable(report)}) {
    DrawHtmlTable(table, markup);
  }
  markup.Element("h2", {}, "Made by");
  DrawCode(report.command_line, markup);
  ReportTable environment{.caption = "Environment", .header = {"", ""}, .has_text_cells = true};
  for (const auto& [name, value] : report.environment)
    environment.rows.push_back({{.text = name}, {.text = value}});
  DrawHtmlTable(environment, markup);
}

}  // namespace

std::string HtmlOf(const TuneReport& report) {
  const std::string title =
      fmt::format("Tuning {} on {}, {}", report.model, report.hardware, report.workload_name);
  return HtmlPage(title, [&](Markup& markup) {
    DrawTop(report, title, markup);
    DrawMain(report, markup);
    markup.Element("footer", {}, "How it was found is in docs/tuning.md of Redline.");
  });
}

}  // namespace redline::lab
