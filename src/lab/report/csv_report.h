// A report's numbers for other programs, as CSV (RFC 4180) with a header line. Full precision; what
// is not known is empty.
#pragma once

#include <string>

#include "lab/report/named_measurement.h"

namespace redline::lab {

// One row per measurement and metric. A metric of the whole run has its value under "mean".
std::string MetricsCsv(NamedMeasurements measurements);
// One row per measurement, repeat and request that the results still hold.
std::string RequestsCsv(NamedMeasurements measurements);

}  // namespace redline::lab
