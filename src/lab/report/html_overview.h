// The top of the page: what was measured, whether it counts, and the measurements side by side.
#pragma once

#include "lab/report/markup.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

// Valid, or INVALID with every reason, for all to see.
void DrawValidity(NamedMeasurements measurements, Markup& markup);
// The key figures: large for one measurement, a table for several.
void DrawKeyFigures(NamedMeasurements measurements, Markup& markup);
// Differences, verdicts, frontier and bars, where there are several; distributions always.
void DrawComparisonCharts(NamedMeasurements measurements, Markup& markup);

}  // namespace redline::lab
