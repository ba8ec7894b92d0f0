#include "app/measurement_table.h"

#include "app/output.h"
#include "base/strings.h"
#include "lab/report/figures.h"

namespace redline::app {
namespace {

std::string ValidityLines(const lab::Measurement& measurement) {
  if (measurement.valid) return "valid\n";
  std::string text = "INVALID\n";
  for (const std::string& reason : measurement.invalid_reasons)
    text += "  " + EscapeControl(reason) + "\n";
  return text;
}

bool HasFailures(const lab::Measurement& measurement) {
  for (const lab::OutcomeCount& outcome : lab::TotalOutcomes(measurement)) {
    if (outcome.outcome != "ok" && outcome.count > 0) return true;
  }
  return false;
}

}  // namespace

std::string TerminalTable(const lab::ReportTable& table) {
  std::vector<std::string> header;
  for (const std::string& title : table.header) header.push_back(EscapeControl(title));
  std::vector<std::vector<std::string>> rows;
  for (const std::vector<lab::Cell>& cells : table.rows) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const lab::Cell& cell : cells)
      row.push_back(cell.note.empty() ? cell.text : cell.text + " (" + cell.note + ")");
  }
  return FormatTable(header, rows);
}

std::string MeasurementTable(const lab::Measurement& measurement) {
  std::string text = EscapeControl(lab::Headline(measurement)) + "\n" + ValidityLines(measurement) +
                     "\n" + TerminalTable(lab::DistributionTable(measurement)) + "\n" +
                     TerminalTable(lab::ValueTable(measurement));
  if (HasFailures(measurement)) text += "\n" + TerminalTable(lab::OutcomeTable(measurement));
  if (const std::string method = lab::IntervalMethod(measurement); !method.empty())
    text += "\nIn brackets: units, and " + EscapeControl(method) + ".\n";
  for (const std::string& note : measurement.notes) text += "Note: " + EscapeControl(note) + "\n";
  return text;
}

}  // namespace redline::app
