// Which of a report's measurements beats which: each against the first before it that had the same
// workload. Pure.
#pragma once

#include <vector>

#include "lab/report/named_measurement.h"
#include "lab/report/report_tables.h"

namespace redline::lab {

struct VerdictSection {
  ReportTable table;               // one row per figure
  std::vector<std::string> notes;  // what a reader should know, in sentences
};

std::vector<VerdictSection> MakeVerdicts(NamedMeasurements measurements);

}  // namespace redline::lab
