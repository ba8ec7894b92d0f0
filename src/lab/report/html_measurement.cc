#include "lab/report/html_measurement.h"

#include <nlohmann/json.hpp>

#include "lab/report/figures.h"
#include "lab/report/html_table.h"
#include "lab/report/timeline_chart.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

void DrawCode(const std::string& text, Markup& markup) {
  const Markup::Scope box = markup.Open("div", {{"class", "code"}});
  markup.Element("pre", {}, text);
  markup.Element("button", {{"type", "button"}, {"hidden", "hidden"}}, "Copy");
}

void DrawCommand(const Measurement& measurement, Markup& markup) {
  if (measurement.command_line.empty()) return;
  markup.Element("h3", {}, "Command");
  DrawCode(measurement.command_line, markup);
}

void DrawNotes(const Measurement& measurement, Markup& markup) {
  if (measurement.notes.empty()) return;
  markup.Element("h3", {}, "Notes");
  const Markup::Scope list = markup.Open("ul");
  for (const std::string& note : measurement.notes) markup.Element("li", {}, note);
}

void DrawWorkload(const Measurement& measurement, Markup& markup) {
  const auto workload = net::ParseJson(measurement.workload);
  if (!workload.ok()) return;
  const Markup::Scope details = markup.Open("details");
  markup.Element("summary", {}, "Workload");
  DrawCode(workload->dump(2, ' ', false, nlohmann::json::error_handler_t::replace), markup);
}

void DrawTimeline(const Measurement& measurement, Markup& markup) {
  const std::vector<LineChart> charts = MakeTimelineCharts(measurement);
  if (charts.empty()) return;
  const Markup::Scope box = markup.Open("div", {{"class", "charts"}});
  for (const LineChart& chart : charts) DrawLineChart(chart, markup);
}

void DrawMetrics(const Measurement& measurement, Markup& markup) {
  const Markup::Scope box = markup.Open("div", {{"class", "tables"}});
  DrawHtmlTable(DistributionTable(measurement), markup);
  DrawHtmlTable(ValueTable(measurement), markup);
}

}  // namespace

void DrawMeasurement(const NamedMeasurement& named, Markup& markup) {
  const Measurement& measurement = named.measurement;
  const Markup::Scope section = markup.Open("section");
  markup.Element("h2", {}, named.name);
  markup.Element("p", {{"class", "soft"}}, Headline(measurement));
  DrawTimeline(measurement, markup);
  DrawMetrics(measurement, markup);
  DrawHtmlTable(RepeatTable(measurement), markup);
  DrawHtmlTable(ClientTable(measurement), markup);
  DrawHtmlTable(OutcomeTable(measurement), markup);
  DrawNotes(measurement, markup);
  DrawCommand(measurement, markup);
  DrawWorkload(measurement, markup);
  DrawHtmlTable(EnvironmentTable(measurement), markup);
}

}  // namespace redline::lab
