#include "lab/report/html_report.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "lab/report/figures.h"
#include "lab/report/html_measurement.h"
#include "lab/report/html_overview.h"
#include "lab/report/html_page.h"

namespace redline::lab {
namespace {

std::string TitleOf(NamedMeasurements measurements) {
  if (measurements.size() == 1) return "Benchmark of " + Headline(measurements[0].measurement);
  return fmt::format("Benchmark: {} measurements", measurements.size());
}

void DrawTop(NamedMeasurements measurements, const std::string& title, const ReportHead& head,
             Markup& markup) {
  const Markup::Scope header = markup.Open("header");
  markup.Element("h1", {}, title);
  if (measurements.size() == 1) {
    const Measurement& measurement = measurements[0].measurement;
    std::string line = measurement.target;
    if (measurement.started_at_ms > 0)
      line += (line.empty() ? "" : ", ") + FormatRfc3339(measurement.started_at_ms);
    markup.Element("p", {{"class", "soft"}}, line);
  }
  for (const std::string& finding : head.findings) markup.Element("p", {}, finding);
  DrawValidity(measurements, markup);
}

}  // namespace

std::string HtmlReport(NamedMeasurements measurements) { return HtmlReport(measurements, {}); }

std::string HtmlReport(NamedMeasurements measurements, const ReportHead& head) {
  const std::string title = head.title.empty() ? TitleOf(measurements) : head.title;
  return HtmlPage(title, [&](Markup& markup) {
    DrawTop(measurements, title, head, markup);
    {
      const Markup::Scope main = markup.Open("main");
      DrawKeyFigures(measurements, markup);
      DrawComparisonCharts(measurements, markup);
      for (const NamedMeasurement& named : measurements) DrawMeasurement(named, markup);
    }
    markup.Element("footer", {},
                   "What each metric means is in docs/metrics.md of Redline, under the same name.");
  });
}

}  // namespace redline::lab
