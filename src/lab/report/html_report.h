// The report as one HTML page that needs nothing else: no network, no other file. Well-formed as
// XML, readable on a phone and in the dark.
#pragma once

#include <string>

#include "lab/report/named_measurement.h"
#include "lab/report/report_head.h"

namespace redline::lab {

std::string HtmlReport(NamedMeasurements measurements);
std::string HtmlReport(NamedMeasurements measurements, const ReportHead& head);

}  // namespace redline::lab
