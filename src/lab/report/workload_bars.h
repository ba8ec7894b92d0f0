// Bars of one figure for every measurement, by workload; a colour is a configuration.
#pragma once

#include "lab/report/bar_chart.h"
#include "lab/report/figures.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

BarChart MakeWorkloadBars(NamedMeasurements measurements, const KeyFigure& figure);

}  // namespace redline::lab
