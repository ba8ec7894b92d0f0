#pragma once

#include <string>

#include "lab/report/named_measurement.h"
#include "lab/report/report_head.h"

namespace redline::lab {

// The report as GitHub's Markdown, without charts.
std::string MarkdownReport(NamedMeasurements measurements);
std::string MarkdownReport(NamedMeasurements measurements, const ReportHead& head);

}  // namespace redline::lab
