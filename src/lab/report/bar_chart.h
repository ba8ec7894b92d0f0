// Horizontal bars in groups, each with its value and, where known, its interval.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/report/axis.h"
#include "lab/report/markup.h"

namespace redline::lab {

struct Bar {
  std::string name;
  size_t style = 0;
  double value = 0;  // a bar whose value is not finite is left out
  std::optional<Range> interval = {};
};

struct BarGroup {
  std::string name;
  std::vector<Bar> bars;
};

struct BarChart {
  std::string title;
  std::string description;
  std::string x_label;
  std::vector<BarGroup> groups;
};

// Draws nothing when there is no bar.
void DrawBarChart(const BarChart& chart, Markup& markup);

}  // namespace redline::lab
