// The cumulative distribution of a per-request time, one line per measurement, its repeats
// together.
#pragma once

#include "lab/report/line_chart.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

struct DistributionPlot {
  std::vector<double> RequestColumns::*column = nullptr;
  std::string title;
  std::string x_label;
};

// No series when no measurement has a row with the value.
LineChart MakeDistributionChart(NamedMeasurements measurements, const DistributionPlot& plot);

}  // namespace redline::lab
