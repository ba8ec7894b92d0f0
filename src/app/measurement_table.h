// A measurement for the terminal, as `redline bench` and `redline report` print it.
#pragma once

#include <string>

#include "lab/metrics/measurement.h"
#include "lab/report/report_tables.h"

namespace redline::app {

// Headline, validity with every reason, the metrics with their intervals, what failed.
std::string MeasurementTable(const lab::Measurement& measurement);
// Notes go in brackets behind their cells.
std::string TerminalTable(const lab::ReportTable& table);

}  // namespace redline::app
