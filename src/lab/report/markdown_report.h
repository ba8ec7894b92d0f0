#pragma once

#include <string>

#include "lab/report/named_measurement.h"

namespace redline::lab {

// The report as GitHub's Markdown, without charts.
std::string MarkdownReport(NamedMeasurements measurements);

}  // namespace redline::lab
