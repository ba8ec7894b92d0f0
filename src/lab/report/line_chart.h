// A chart of lines, areas or points as a figure with inline SVG. Colours and dashes are classes of
// the page's style sheet (page_style.h): "s0" ... "s7".
#pragma once

#include <string>
#include <vector>

#include "lab/report/axis.h"
#include "lab/report/markup.h"

namespace redline::lab {

struct Point {
  double x = 0;
  double y = 0;
  std::string title = {};  // shown when a pointer rests on it; empty: the point has no mark
  std::string label = {};  // written beside its mark
};

struct Series {
  std::string name;
  size_t style = 0;
  std::vector<Point> points;         // points that are not finite are left out
  std::vector<Point> baseline = {};  // not empty: the area between the two is filled
  bool is_faint = false;             // there for comparison, behind the others
  bool is_joined = true;             // false: marks alone
};

// A part of the x axis that is shaded.
struct Band {
  double begin = 0;
  double end = 0;
  std::string name;
};

// What is said when a pointer rests on a stretch of the x axis.
struct Strip {
  double begin = 0;
  double end = 0;
  std::string title;
};

struct LineChart {
  std::string title;
  std::string description;  // for those who cannot see it
  std::string x_label;
  std::string y_label;
  Scale x_scale = Scale::kLinear;
  bool x_from_zero = true;
  std::vector<Axis::Tick> y_ticks = {};  // empty: round ones, from 0
  std::vector<Series> series;
  std::vector<Band> bands = {};
  std::vector<Strip> strips = {};
};

// Draws nothing when no series has a finite point.
void DrawLineChart(const LineChart& chart, Markup& markup);

// "s0" ... "s7", over and over.
std::string StyleClass(size_t style);

}  // namespace redline::lab
