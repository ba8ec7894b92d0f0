// What all charts have alike: the figure around it, axes with ticks and labels, the legend.
#pragma once

#include <string>
#include <vector>

#include "lab/report/axis.h"
#include "lab/report/markup.h"

namespace redline::lab {

// Units of the picture; the style sheet scales it to the page.
inline constexpr double kChartWidth = 480;
inline constexpr double kChartHeight = 280;
inline constexpr double kPlotLeft = 60;
inline constexpr double kPlotRight = 460;
inline constexpr double kPlotTop = 14;
inline constexpr double kPlotBottom = 234;

struct LegendEntry {
  enum class Kind { kLine, kArea, kBand };
  std::string name;
  size_t style = 0;
  Kind kind = Kind::kLine;
};

std::string Coordinate(double value);  // one decimal

// <svg> with its size, and its title and description for screen readers.
Markup::Scope OpenSvg(Markup& markup, double height, const std::string& title,
                      const std::string& description);
void DrawHorizontalAxis(const Axis& axis, double top, double bottom, const std::string& label,
                        Markup& markup);
void DrawVerticalAxis(const Axis& axis, const std::vector<Axis::Tick>& ticks,
                      const std::string& label, Markup& markup);
// A single entry needs no legend: the title says what it is.
void DrawLegend(const std::vector<LegendEntry>& entries, Markup& markup);

}  // namespace redline::lab
