#include "lab/report/chart_frame.h"

#include <fmt/format.h>

#include "lab/report/line_chart.h"

namespace redline::lab {

namespace {

void DrawSwatch(const LegendEntry& entry, Markup& markup) {
  const Markup::Scope swatch =
      markup.Open("svg", {{"viewBox", "0 0 26 12"}, {"class", "swatch"}, {"aria-hidden", "true"}});
  if (entry.kind == LegendEntry::Kind::kLine) {
    markup.Empty("path", {{"class", "line " + StyleClass(entry.style)}, {"d", "M1 6H25"}});
    return;
  }
  const bool is_area = entry.kind == LegendEntry::Kind::kArea;
  markup.Empty("rect", {{"class", is_area ? "area " + StyleClass(entry.style) : "band"},
                        {"width", "26"},
                        {"height", "12"}});
}

}  // namespace

std::string Coordinate(double value) { return fmt::format("{:.1f}", value); }

std::string StyleClass(size_t style) { return "s" + std::to_string(style % 8); }

Markup::Scope OpenSvg(Markup& markup, double height, const std::string& title,
                      const std::string& description) {
  return markup.Open("svg", {{"viewBox", fmt::format("0 0 {:.0f} {:.0f}", kChartWidth, height)},
                             {"role", "img"},
                             {"aria-label", title + ". " + description}});
}

void DrawHorizontalAxis(const Axis& axis, double top, double bottom, const std::string& label,
                        Markup& markup) {
  for (const Axis::Tick& tick : axis.ticks()) {
    const std::string x = Coordinate(axis.Position(tick.value));
    markup.Empty("line", {{"class", "grid"},
                          {"x1", x},
                          {"x2", x},
                          {"y1", Coordinate(top)},
                          {"y2", Coordinate(bottom)}});
    markup.Element("text", {{"x", x}, {"y", Coordinate(bottom + 17)}, {"text-anchor", "middle"}},
                   tick.label);
  }
  markup.Element("text",
                 {{"class", "label"},
                  {"x", Coordinate((axis.begin() + axis.end()) / 2)},
                  {"y", Coordinate(bottom + 37)},
                  {"text-anchor", "middle"}},
                 label);
}

void DrawVerticalAxis(const Axis& axis, const std::vector<Axis::Tick>& ticks,
                      const std::string& label, Markup& markup) {
  for (const Axis::Tick& tick : ticks) {
    const double y = axis.Position(tick.value);
    markup.Empty("line", {{"class", "grid"},
                          {"x1", Coordinate(kPlotLeft)},
                          {"x2", Coordinate(kPlotRight)},
                          {"y1", Coordinate(y)},
                          {"y2", Coordinate(y)}});
    markup.Element(
        "text",
        {{"x", Coordinate(kPlotLeft - 7)}, {"y", Coordinate(y + 4)}, {"text-anchor", "end"}},
        tick.label);
  }
  const std::string middle = Coordinate((axis.begin() + axis.end()) / 2);
  markup.Element("text",
                 {{"class", "label"},
                  {"x", "13"},
                  {"y", middle},
                  {"text-anchor", "middle"},
                  {"transform", fmt::format("rotate(-90 13 {})", middle)}},
                 label);
}

void DrawLegend(const std::vector<LegendEntry>& entries, Markup& markup) {
  if (entries.size() < 2) return;
  const Markup::Scope legend = markup.Open("ul", {{"class", "legend"}});
  for (const LegendEntry& entry : entries) {
    const Markup::Scope item = markup.Open("li");
    DrawSwatch(entry, markup);
    markup.Text(entry.name);
  }
}

}  // namespace redline::lab
