#include "lab/report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lab/report/chart_frame.h"
#include "lab/report/label_placer.h"

namespace redline::lab {
namespace {

bool IsFinite(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

// Logarithms have no place for what is not above 0.
bool IsDrawable(const Point& point, Scale x_scale) {
  return IsFinite(point) && (x_scale == Scale::kLinear || point.x > 0);
}

struct Extent {
  Range x = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  double y_high = 0;
  bool empty() const { return x.low > x.high; }
};

Extent ExtentOf(const LineChart& chart) {
  Extent extent;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      if (!IsDrawable(point, chart.x_scale)) continue;
      extent.x.low = std::min(extent.x.low, point.x);
      extent.x.high = std::max(extent.x.high, point.x);
      extent.y_high = std::max(extent.y_high, point.y);
    }
  }
  if (chart.x_from_zero && chart.x_scale == Scale::kLinear && !extent.empty())
    extent.x.low = std::min(0.0, extent.x.low);
  for (const Axis::Tick& tick : chart.y_ticks) extent.y_high = std::max(extent.y_high, tick.value);
  return extent;
}

// A plot: the chart's data and where it goes.
class LinePlot {
 public:
  LinePlot(const LineChart& chart, const Extent& extent, Markup& markup)
      : chart_(chart),
        markup_(markup),
        x_(chart.x_scale, extent.x, kPlotLeft, kPlotRight, 7),
        y_(Scale::kLinear, {0, extent.y_high}, kPlotBottom, kPlotTop, 5) {}

  void Draw() {
    DrawBands();
    DrawHorizontalAxis(x_, kPlotTop, kPlotBottom, chart_.x_label, markup_);
    DrawVerticalAxis(y_, chart_.y_ticks.empty() ? y_.ticks() : chart_.y_ticks, chart_.y_label,
                     markup_);
    for (const bool faint : {true, false}) {
      for (const Series& series : chart_.series) {
        if (series.is_faint == faint && series.is_joined) DrawSeries(series);
      }
    }
    DrawStrips();
    DrawLabels();
    for (const Series& series : chart_.series) DrawMarks(series);
  }

 private:
  void AppendPoint(const Point& point, std::string& path) const {
    if (!IsDrawable(point, chart_.x_scale)) return;
    path += path.empty() ? 'M' : 'L';
    path += Coordinate(x_.Position(point.x)) + ' ' + Coordinate(y_.Position(point.y));
  }

  void DrawRect(const std::string& style, double begin, double end, const std::string& title) {
    if (!std::isfinite(begin) || !std::isfinite(end) || end < begin) return;
    const double left = x_.Position(begin);
    const Markup::Scope rect =
        markup_.Open("rect", {{"class", style},
                              {"x", Coordinate(left)},
                              {"y", Coordinate(kPlotTop)},
                              {"width", Coordinate(x_.Position(end) - left)},
                              {"height", Coordinate(kPlotBottom - kPlotTop)}});
    markup_.Element("title", {}, title);
  }

  void DrawBands() {
    for (const Band& band : chart_.bands) DrawRect("band", band.begin, band.end, band.name);
  }

  void DrawStrips() {
    for (const Strip& strip : chart_.strips) DrawRect("strip", strip.begin, strip.end, strip.title);
  }

  void DrawSeries(const Series& series) {
    std::string path;
    for (const Point& point : series.points) AppendPoint(point, path);
    if (path.empty()) return;
    const bool is_area = !series.baseline.empty();
    for (auto point = series.baseline.rbegin(); point != series.baseline.rend(); ++point)
      AppendPoint(*point, path);
    const std::string style = std::string(is_area ? "area " : "line ") +
                              std::string(series.is_faint ? "faint " : "") +
                              StyleClass(series.style);
    const Markup::Scope shape = markup_.Open("path", {{"class", style}, {"d", path}});
    markup_.Element("title", {}, series.name);
  }

  void DrawMarks(const Series& series) {
    for (const Point& point : series.points) {
      if (!IsMark(point)) continue;
      const Markup::Scope mark =
          markup_.Open("circle", {{"class", "mark " + StyleClass(series.style)},
                                  {"cx", Coordinate(x_.Position(point.x))},
                                  {"cy", Coordinate(y_.Position(point.y))},
                                  {"r", "4"}});
      markup_.Element("title", {}, point.title);
    }
  }

  void DrawLabels() {
    LabelPlacer placer(kPlotLeft, kPlotRight);
    ForEachMark([&](const Point&, double x, double y) { placer.AddMark(x, y); });
    ForEachMark([&](const Point& point, double x, double y) {
      if (point.label.empty()) return;
      const auto place = placer.Place(point.label, x, y);
      if (!place) return;
      markup_.Element("text",
                      {{"class", "point"},
                       {"x", Coordinate(place->x)},
                       {"y", Coordinate(place->y)},
                       {"text-anchor", place->anchor}},
                      point.label);
    });
  }

  template <typename Function>
  void ForEachMark(Function function) const {
    for (const Series& series : chart_.series) {
      for (const Point& point : series.points) {
        if (IsMark(point)) function(point, x_.Position(point.x), y_.Position(point.y));
      }
    }
  }

  bool IsMark(const Point& point) const {
    return !point.title.empty() && IsDrawable(point, chart_.x_scale);
  }

  const LineChart& chart_;
  Markup& markup_;
  Axis x_;
  Axis y_;
};

std::vector<LegendEntry> LegendOf(const LineChart& chart) {
  std::vector<LegendEntry> entries;
  for (const Series& series : chart.series)
    entries.push_back(
        {series.name, series.style,
         series.baseline.empty() ? LegendEntry::Kind::kLine : LegendEntry::Kind::kArea});
  if (!chart.bands.empty())
    entries.push_back({chart.bands.front().name, 0, LegendEntry::Kind::kBand});
  return entries;
}

}  // namespace

void DrawLineChart(const LineChart& chart, Markup& markup) {
  const Extent extent = ExtentOf(chart);
  if (extent.empty()) return;
  const Markup::Scope figure = markup.Open("figure");
  markup.Element("figcaption", {}, chart.title);
  {
    const Markup::Scope svg = OpenSvg(markup, kChartHeight, chart.title, chart.description);
    LinePlot(chart, extent, markup).Draw();
  }
  DrawLegend(LegendOf(chart), markup);
}

}  // namespace redline::lab
