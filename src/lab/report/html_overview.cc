#include "lab/report/html_overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/report/distribution_chart.h"
#include "lab/report/figures.h"
#include "lab/report/frontier_chart.h"
#include "lab/report/html_table.h"
#include "lab/report/verdicts.h"
#include "lab/report/workload_bars.h"

namespace redline::lab {
namespace {

// What bars are drawn of.
constexpr std::string_view kBarFigures[] = {"output_tps", "total_tps", "ttft_ms.p99",
                                            "tpot_ms.p50"};

void DrawReasons(NamedMeasurements measurements, Markup& markup) {
  const Markup::Scope list = markup.Open("ul");
  for (const auto& [name, measurement] : measurements) {
    for (const std::string& reason : measurement.invalid_reasons)
      markup.Element("li", {}, measurements.size() == 1 ? reason : name + ": " + reason);
  }
}

void DrawTile(const KeyFigure& figure, const Measurement& measurement, Markup& markup) {
  const Markup::Scope tile = markup.Open("li");
  markup.Text(figure.title);
  {
    const Markup::Scope value = markup.Open("b");
    markup.Text(FigureText(measurement.summary, figure.figure));
    if (!figure.unit.empty()) markup.Element("span", {}, " " + std::string(figure.unit));
  }
  if (const std::string interval = IntervalText(measurement, figure.figure); !interval.empty())
    markup.Element("small", {}, interval);
}

void DrawTiles(NamedMeasurements measurements, Markup& markup) {
  const Markup::Scope tiles = markup.Open("ul", {{"class", "tiles"}});
  for (const KeyFigure& figure : PresentFigures(measurements))
    DrawTile(figure, measurements.front().measurement, markup);
}

void DrawVerdicts(NamedMeasurements measurements, Markup& markup) {
  const std::vector<VerdictSection> sections = MakeVerdicts(measurements);
  if (sections.empty()) return;
  markup.Element("h2", {}, "Verdicts");
  const Markup::Scope tables = markup.Open("div", {{"class", "tables"}});
  for (const VerdictSection& section : sections) {
    const Markup::Scope box = markup.Open("div");
    DrawHtmlTable(section.table, markup);
    for (const std::string& note : section.notes) markup.Element("p", {{"class", "soft"}}, note);
  }
}

void DrawFrontiers(NamedMeasurements measurements, Markup& markup) {
  const std::vector<LineChart> charts = MakeFrontierCharts(measurements);
  if (charts.empty()) return;
  markup.Element("h2", {}, "Throughput and latency");
  const Markup::Scope box = markup.Open("div", {{"class", "charts"}});
  for (const LineChart& chart : charts) DrawLineChart(chart, markup);
}

void DrawBars(NamedMeasurements measurements, Markup& markup) {
  markup.Element("h2", {}, "By workload");
  const Markup::Scope box = markup.Open("div", {{"class", "charts"}});
  for (const KeyFigure& figure : PresentFigures(measurements)) {
    if (std::find(std::begin(kBarFigures), std::end(kBarFigures), figure.figure) !=
        std::end(kBarFigures))
      DrawBarChart(MakeWorkloadBars(measurements, figure), markup);
  }
}

void DrawDistributions(NamedMeasurements measurements, Markup& markup) {
  const DistributionPlot plots[] = {
      {&RequestColumns::ttft_ms, "Time to first token", "ttft_ms"},
      {&RequestColumns::tpot_ms, "Time per output token", "tpot_ms"},
      {&RequestColumns::e2e_ms, "Whole answer", "e2e_ms"},
  };
  std::vector<LineChart> charts;
  for (const DistributionPlot& plot : plots)
    charts.push_back(MakeDistributionChart(measurements, plot));
  std::erase_if(charts, [](const LineChart& chart) { return chart.series.empty(); });
  if (charts.empty()) return;
  markup.Element("h2", {}, "Distributions over the requests");
  const Markup::Scope box = markup.Open("div", {{"class", "charts"}});
  for (const LineChart& chart : charts) DrawLineChart(chart, markup);
}

}  // namespace

void DrawValidity(NamedMeasurements measurements, Markup& markup) {
  const auto num_invalid =
      std::count_if(measurements.begin(), measurements.end(),
                    [](const NamedMeasurement& named) { return !named.measurement.valid; });
  const Markup::Scope banner = markup.Open(
      "div", {{"class", num_invalid > 0 ? "banner bad" : "banner good"}, {"role", "note"}});
  if (num_invalid == 0) {
    markup.Element("strong", {}, "Valid");
    markup.Text("Every run passed the checks of the load generator on itself.");
    return;
  }
  markup.Element("strong", {}, "INVALID");
  markup.Text(measurements.size() == 1
                  ? "These numbers say something else than what the server can do:"
                  : fmt::format("{} of {} measurements do not say what the server can do:",
                                num_invalid, measurements.size()));
  DrawReasons(measurements, markup);
}

void DrawKeyFigures(NamedMeasurements measurements, Markup& markup) {
  if (measurements.size() == 1) {
    DrawTiles(measurements, markup);
  } else {
    DrawHtmlTable(OverviewTable(measurements), markup);
  }
  for (const auto& [name, measurement] : measurements) {
    const std::string method = IntervalMethod(measurement);
    if (method.empty()) continue;
    markup.Element("p", {{"class", "soft"}}, "Small figures are " + method + ".");
    break;
  }
}

void DrawComparisonCharts(NamedMeasurements measurements, Markup& markup) {
  if (measurements.size() > 1) {
    DrawHtmlTable(DifferenceTable(measurements), markup);
    DrawVerdicts(measurements, markup);
    DrawFrontiers(measurements, markup);
    DrawBars(measurements, markup);
  }
  DrawDistributions(measurements, markup);
}

}  // namespace redline::lab
