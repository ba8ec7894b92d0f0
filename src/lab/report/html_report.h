// The report as one HTML page that needs nothing else: no network, no other file. Well-formed as
// XML, readable on a phone and in the dark.
#pragma once

#include <string>

#include "lab/report/named_measurement.h"

namespace redline::lab {

std::string HtmlReport(NamedMeasurements measurements);

}  // namespace redline::lab
