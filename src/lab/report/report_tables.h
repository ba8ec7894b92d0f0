// The tables of a report as data; the page, the Markdown and the terminal draw the same ones. Pure
// functions. A table without rows is not drawn.
#pragma once

#include <string>
#include <vector>

#include "lab/report/named_measurement.h"

namespace redline::lab {

enum class Tone { kPlain, kGood, kBad };

struct Cell {
  std::string text;
  std::string note = {};  // an interval or a unit, in smaller letters
  Tone tone = Tone::kPlain;
};

struct ReportTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;  // the first cell names the row
  bool has_text_cells = false;          // else all but the first column are numbers
};

// One row per measurement, one column per key figure that any of them has.
ReportTable OverviewTable(NamedMeasurements measurements);
// One row per metric that is a distribution over requests, and one per metric of the whole run.
ReportTable DistributionTable(const Measurement& measurement);
ReportTable ValueTable(const Measurement& measurement);
// One row per repeat: whole run, before the drain, steady state; then the client's own health.
ReportTable RepeatTable(const Measurement& measurement);
ReportTable ClientTable(const Measurement& measurement);
ReportTable OutcomeTable(const Measurement& measurement);
ReportTable EnvironmentTable(const Measurement& measurement);
ReportTable DifferenceTable(NamedMeasurements measurements);

}  // namespace redline::lab
