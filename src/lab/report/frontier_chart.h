// Throughput against what a user feels, one point per measurement: who is up and to the better side
// wins. Points of one configuration are joined in the order of their load, those of closed and of
// open loops apart.
#pragma once

#include <vector>

#include "lab/report/line_chart.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

// Against the speed of a user's answer, and against the time to the first token; those of the two
// for which at least two measurements have the figures.
std::vector<LineChart> MakeFrontierCharts(NamedMeasurements measurements);

}  // namespace redline::lab
