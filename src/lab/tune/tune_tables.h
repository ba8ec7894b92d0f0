// The tables of a run's report, which its page, its Markdown and the terminal draw alike. Pure.
#pragma once

#include "lab/report/report_tables.h"
#include "lab/tune/tune_report.h"

namespace redline::lab {

ReportTable AcceptedStepsTable(const TuneReport& report);
ReportTable OtherStepsTable(const TuneReport& report);
ReportTable TrialsTable(const TuneReport& report);
ReportTable RefitTable(const TuneReport& report);

// What the trial's value is of the goal: mean of its runs.
double ValueOfTrial(const TuneReport& report, const Trial& trial);
std::string_view UnitOf(TuneGoal goal);  // "total tokens/s"

}  // namespace redline::lab
