#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/plan_output.h"
#include "lab/report/bar_chart.h"
#include "lab/report/html_page.h"
#include "lab/report/html_table.h"
#include "lab/report/line_chart.h"
#include "lab/report/number_text.h"
#include "planner/search/frontier.h"

namespace redline::app {
namespace {

using lab::FormatFigure;
using lab::Markup;

lab::Point PointOf(const planner::PlanReport& report, const planner::Outcome& outcome) {
  const double tpot = outcome.prediction.mean_tpot_ms.value;
  const double tps = outcome.prediction.total_tps.value;
  return {.x = tpot,
          .y = tps,
          .title = fmt::format("{}: {} tokens/s at {} ms a token",
                               planner::NameOfOutcome(report, outcome), FormatFigure(tps),
                               FormatFigure(tpot))};
}

// Each engine's own frontier, and the defaults that the winner is held against.
lab::LineChart FrontierChart(const planner::PlanReport& report) {
  lab::LineChart chart{
      .title = "Throughput and time per token (up and left is better)",
      .description = "Each engine's best total tokens per second at each mean time per token.",
      .x_label = "mean time per output token, ms",
      .y_label = "total tokens/s"};
  for (size_t engine = 0; engine < report.search->engines.size(); ++engine) {
    std::vector<const planner::Outcome*> own;
    std::vector<planner::FrontierPoint> points;
    for (const planner::Outcome& outcome : report.ranking().ranking) {
      if (outcome.candidate.space != engine) continue;
      own.push_back(&outcome);
      points.push_back({outcome.prediction.mean_tpot_ms.value, outcome.prediction.total_tps.value});
    }
    lab::Series series{.name = report.search->engines[engine].space.engine, .style = engine};
    for (const size_t index : planner::ParetoFrontier(points)) {
      series.points.push_back(PointOf(report, *own[index]));
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  if (report.explanation) {
    lab::Point start = PointOf(report, report.explanation->start);
    start.label = "defaults";
    chart.series.push_back({.name = "defaults of " + report.explanation->baseline_engine,
                            .style = 3,
                            .points = {start}});
  }
  return chart;
}

lab::BarGroup SplitBars(std::string name, const planner::TimeSplit& split, size_t style) {
  lab::BarGroup group{.name = std::move(name)};
  const auto add = [&](std::string_view part, double seconds) {
    if (seconds > 0.001) {
      group.bars.push_back({.name = std::string(part), .style = style, .value = seconds});
    }
  };
  for (size_t index = 0; index < planner::kNumOperations; ++index) {
    add(planner::NameOf(static_cast<planner::Operation>(index)), split.operations.seconds[index]);
  }
  add("waiting", split.waiting_s);
  std::stable_sort(
      group.bars.begin(), group.bars.end(),
      [](const lab::Bar& left, const lab::Bar& right) { return left.value > right.value; });
  return group;
}

lab::BarChart OperationChart(const planner::PlanReport& report) {
  lab::BarChart chart{.title = "Where the time goes",
                      .description = "Seconds of the run by operation.",
                      .x_label = "seconds"};
  chart.groups.push_back(SplitBars(report.winner.engine, report.winner.split, 0));
  if (report.explanation) {
    chart.groups.push_back(SplitBars("defaults of " + report.explanation->baseline_engine,
                                     planner::SplitOf(report.explanation->start), 1));
  }
  return chart;
}

lab::Bar StepBar(std::string name, const planner::Banded& tps, size_t style) {
  return {.name = std::move(name),
          .style = style,
          .value = tps.value,
          .interval = lab::Range{tps.low, tps.high}};
}

lab::BarChart StepChart(const planner::Explanation& explanation) {
  lab::BarGroup group{.name = "after each change, with its band"};
  group.bars.push_back(StepBar("defaults of " + explanation.baseline_engine,
                               explanation.start.prediction.total_tps, 1));
  for (const planner::ExplanationStep& step : explanation.steps) {
    group.bars.push_back(StepBar(step.change, step.after.prediction.total_tps, 0));
  }
  return {.title = "From the defaults to the winner",
          .description = "Total tokens per second after each change.",
          .x_label = "total tokens/s",
          .groups = {std::move(group)}};
}

// Columns: the defaults' seconds, what each change takes away, the winner's.
lab::ReportTable WaterfallTable(const planner::PlanReport& report) {
  const planner::Explanation& explanation = *report.explanation;
  lab::ReportTable table{.caption = "Seconds of the run, change by change",
                         .header = {"operation"}};
  table.header.push_back("defaults");
  for (const planner::ExplanationStep& step : explanation.steps)
    table.header.push_back(step.change);
  table.header.push_back("winner");
  const planner::TimeSplit start = planner::SplitOf(explanation.start);
  const auto add = [&](std::string name, auto seconds_of) {
    std::vector<lab::Cell> row = {{.text = std::move(name)},
                                  {.text = fmt::format("{:.2f}", seconds_of(start))}};
    for (const planner::ExplanationStep& step : explanation.steps) {
      const double change = -seconds_of(step.removed);
      row.push_back({.text = fmt::format("{:+.2f}", change),
                     .tone = change < -0.005  ? lab::Tone::kGood
                             : change > 0.005 ? lab::Tone::kBad
                                              : lab::Tone::kPlain});
    }
    row.push_back({.text = fmt::format("{:.2f}", seconds_of(report.winner.split))});
    table.rows.push_back(std::move(row));
  };
  for (size_t index = 0; index < planner::kNumOperations; ++index) {
    add(std::string(planner::NameOf(static_cast<planner::Operation>(index))),
        [index](const planner::TimeSplit& split) { return split.operations.seconds[index]; });
  }
  add("waiting", [](const planner::TimeSplit& split) { return split.waiting_s; });
  add("the run", [](const planner::TimeSplit& split) { return split.Total(); });
  return table;
}

lab::ReportTable RankingTable(const planner::PlanReport& report) {
  constexpr size_t kMostRows = 20;
  lab::ReportTable table{.caption = "Ranking",
                         .header = {"", "configuration", "tokens/s", "mean TTFT, ms",
                                    "mean TPOT, ms", "SLO kept", "USD per million tokens"},
                         .has_text_cells = true};
  const auto& ranking = report.ranking().ranking;
  for (const size_t place : planner::DistinctPlaces(ranking, kMostRows)) {
    const planner::Outcome& outcome = ranking[place];
    const planner::Banded& tps = outcome.prediction.total_tps;
    table.rows.push_back(
        {{.text = std::to_string(place + 1)},
         {.text = planner::NameOfOutcome(report, outcome)},
         {.text = FormatFigure(tps.value), .note = lab::FormatRange(tps.low, tps.high)},
         {.text = FormatFigure(outcome.prediction.mean_ttft_ms.value)},
         {.text = FormatFigure(outcome.prediction.mean_tpot_ms.value)},
         {.text = lab::FormatShare(outcome.prediction.slo_share)},
         {.text = outcome.usd_per_million_tokens
                      ? fmt::format("{:.3f}", *outcome.usd_per_million_tokens)
                      : "-"}});
  }
  return table;
}

lab::ReportTable LedgerOfPage(const planner::PlannedConfiguration& planned) {
  lab::ReportTable table{.caption = "Memory of a GPU", .header = {"", "GB"}};
  const auto add = [&](const std::string& name, int64_t bytes) {
    table.rows.push_back(
        {{.text = name}, {.text = fmt::format("{:.2f}", static_cast<double>(bytes) / 1e9)}});
  };
  for (const auto& term : planned.ledger.terms) add(term.name, term.num_bytes);
  add("a GPU", planned.ledger.total_bytes);
  return table;
}

void DrawLaunchLine(const planner::PlanReport& report, Markup& markup) {
  markup.Element("h2", {}, "Launch line");
  lab::DrawCode(LaunchLineOf(report), markup);
}

void DrawNotes(const planner::PlanReport& report, Markup& markup) {
  markup.Element("h2", {}, "What to know before believing it");
  const Markup::Scope list = markup.Open("ul");
  for (const std::string& caveat : planner::Caveats(report)) markup.Element("li", {}, caveat);
}

void DrawBody(const planner::PlanReport& report, Markup& markup) {
  const Markup::Scope main = markup.Open("main");
  DrawLaunchLine(report, markup);
  {
    const Markup::Scope charts = markup.Open("div", {{"class", "charts"}});
    if (report.search) DrawLineChart(FrontierChart(report), markup);
    if (report.explanation) DrawBarChart(StepChart(*report.explanation), markup);
    DrawBarChart(OperationChart(report), markup);
  }
  if (report.search) DrawHtmlTable(RankingTable(report), markup);
  DrawHtmlTable(LedgerOfPage(report.winner), markup);
  if (report.explanation) DrawHtmlTable(WaterfallTable(report), markup);
  DrawNotes(report, markup);
}

}  // namespace

std::string PlanPage(const planner::PlanReport& report) {
  const planner::PlanRequest& request = *report.request;
  const std::string title = fmt::format("Plan: {} on {}, {}", request.model_path,
                                        planner::FullName(request.hardware), request.workload.name);
  const planner::Banded& tps = report.winner.outcome.prediction.total_tps;
  return lab::HtmlPage(title, [&](Markup& markup) {
    {
      const Markup::Scope header = markup.Open("header");
      markup.Element("h1", {}, title);
      markup.Element("p", {},
                     fmt::format("Predicted, not measured: {} tokens/s ({}).",
                                 FormatFigure(tps.value), lab::FormatRange(tps.low, tps.high)));
    }
    DrawBody(report, markup);
  });
}

}  // namespace redline::app
