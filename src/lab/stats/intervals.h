// Intervals of a measurement's own figures.
#pragma once

#include <span>
#include <string_view>

#include "lab/metrics/measurement.h"

namespace redline::lab {

// The figures that people compare, in the order of reports.
std::span<const std::string_view> HeadlineFigures();

// Fills `intervals` with a 95% interval of each headline figure: Student's t on the logarithms of
// the repeats ("t_of_repeats") when there are three or more; else a block bootstrap within the runs
// ("within_run"), which does not know how another run would differ. Deterministic.
void FillIntervals(Measurement& measurement);

}  // namespace redline::lab
