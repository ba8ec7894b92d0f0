#include "lab/report/bar_chart.h"

#include <algorithm>
#include <cmath>

#include "lab/report/chart_frame.h"
#include "lab/report/line_chart.h"
#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr double kBarTop = 10;
constexpr double kBarHeight = 16;
constexpr double kBarStep = 37;  // a line of text above each bar
constexpr double kGroupTitle = 24;
constexpr double kBarLeft = 14;

bool IsDrawableBar(const Bar& bar) { return std::isfinite(bar.value); }

size_t NumBars(const BarGroup& group) {
  return static_cast<size_t>(std::count_if(group.bars.begin(), group.bars.end(), IsDrawableBar));
}

double PlotHeight(const BarChart& chart) {
  double height = 0;
  for (const BarGroup& group : chart.groups) {
    if (NumBars(group) == 0) continue;
    height += kGroupTitle + static_cast<double>(NumBars(group)) * kBarStep;
  }
  return height;
}

double GreatestValue(const BarChart& chart) {
  double greatest = 0;
  for (const BarGroup& group : chart.groups) {
    for (const Bar& bar : group.bars) {
      if (!IsDrawableBar(bar)) continue;
      greatest = std::max(greatest, bar.value);
      if (bar.interval && std::isfinite(bar.interval->high))
        greatest = std::max(greatest, bar.interval->high);
    }
  }
  return greatest;
}

std::string BarText(const Bar& bar) {
  std::string text = bar.name + ": " + FormatFigure(bar.value);
  if (bar.interval) text += " (" + FormatRange(bar.interval->low, bar.interval->high) + ")";
  return text;
}

void DrawInterval(const Range& interval, const Axis& axis, double middle, Markup& markup) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return;
  const std::string low = Coordinate(axis.Position(interval.low));
  const std::string high = Coordinate(axis.Position(interval.high));
  const std::string top = Coordinate(middle - 4);
  const std::string bottom = Coordinate(middle + 4);
  markup.Empty("path", {{"class", "whisker"},
                        {"d", "M" + low + " " + Coordinate(middle) + "H" + high + "M" + low + " " +
                                  top + "V" + bottom + "M" + high + " " + top + "V" + bottom}});
}

void DrawBar(const Bar& bar, const Axis& axis, double top, Markup& markup) {
  markup.Element("text", {{"x", Coordinate(kBarLeft)}, {"y", Coordinate(top + 11)}}, BarText(bar));
  const double left = axis.Position(0);
  {
    const Markup::Scope rect =
        markup.Open("rect", {{"class", "bar " + StyleClass(bar.style)},
                             {"x", Coordinate(left)},
                             {"y", Coordinate(top + 15)},
                             {"width", Coordinate(axis.Position(bar.value) - left)},
                             {"height", Coordinate(kBarHeight - 2)}});
    markup.Element("title", {}, BarText(bar));
  }
  if (bar.interval) DrawInterval(*bar.interval, axis, top + 15 + kBarHeight / 2 - 1, markup);
}

void DrawGroups(const BarChart& chart, const Axis& axis, Markup& markup) {
  double top = kBarTop;
  for (const BarGroup& group : chart.groups) {
    if (NumBars(group) == 0) continue;
    markup.Element("text",
                   {{"class", "group"}, {"x", Coordinate(kBarLeft)}, {"y", Coordinate(top + 13)}},
                   group.name);
    top += kGroupTitle;
    for (const Bar& bar : group.bars) {
      if (!IsDrawableBar(bar)) continue;
      DrawBar(bar, axis, top, markup);
      top += kBarStep;
    }
  }
}

}  // namespace

void DrawBarChart(const BarChart& chart, Markup& markup) {
  const double height = PlotHeight(chart);
  if (height == 0) return;
  const double bottom = kBarTop + height + 6;
  const Axis axis(Scale::kLinear, {0, GreatestValue(chart)}, kBarLeft, kPlotRight, 5);
  const Markup::Scope figure = markup.Open("figure");
  markup.Element("figcaption", {}, chart.title);
  const Markup::Scope svg = OpenSvg(markup, bottom + 46, chart.title, chart.description);
  DrawHorizontalAxis(axis, kBarTop, bottom, chart.x_label, markup);
  DrawGroups(chart, axis, markup);
}

}  // namespace redline::lab
