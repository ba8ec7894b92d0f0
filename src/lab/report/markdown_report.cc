#include "lab/report/markdown_report.h"

#include <algorithm>

#include "base/strings.h"
#include "lab/report/figures.h"
#include "lab/report/report_tables.h"
#include "lab/report/verdicts.h"

namespace redline::lab {
namespace {

std::string EscapeCharacter(const Character& character) {
  const char first = character.bytes.front();
  if (!character.is_safe) return first >= 0 && first < 0x20 ? " " : "\uFFFD";
  if (first == '<') return "&lt;";
  if (first == '&') return "&amp;";
  const bool is_mark = std::string_view("\\`*[]|#~!").find(first) != std::string_view::npos;
  return (is_mark ? "\\" : "") + std::string(character.bytes);
}

// Text that stays text, on one line, also inside a table; valid UTF-8 whatever it was.
std::string EscapeMarkdown(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    escaped += EscapeCharacter(character);
    text.remove_prefix(character.bytes.size());
  }
  return escaped;
}

// A fence longer than any run of backticks in the text.
std::string Fenced(std::string_view raw) {
  const std::string text = EscapeControl(raw);
  size_t longest = 2;
  size_t run = 0;
  for (const char character : text) {
    run = character == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "\n" + text + "\n" + fence + "\n\n";
}

std::string MarkdownRow(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

std::string MarkdownTable(const ReportTable& table) {
  if (table.rows.empty()) return "";
  std::vector<std::string> header;
  std::vector<std::string> rule;
  for (const std::string& title : table.header) {
    rule.push_back(table.has_text_cells || header.empty() ? "---" : "---:");
    header.push_back(EscapeMarkdown(title));
  }
  std::string text =
      "**" + EscapeMarkdown(table.caption) + "**\n\n" + MarkdownRow(header) + MarkdownRow(rule);
  for (const std::vector<Cell>& cells : table.rows) {
    std::vector<std::string> row;
    for (const Cell& cell : cells) {
      const std::string note = cell.note.empty() ? "" : " (" + EscapeMarkdown(cell.note) + ")";
      row.push_back(EscapeMarkdown(cell.text) + note);
    }
    text += MarkdownRow(row);
  }
  return text + "\n";
}

std::string ValidityText(const Measurement& measurement) {
  if (measurement.valid) return "Valid.\n\n";
  std::string text = "**INVALID:**\n\n";
  for (const std::string& reason : measurement.invalid_reasons)
    text += "- " + EscapeMarkdown(reason) + "\n";
  return text + "\n";
}

std::string MeasurementMarkdown(const NamedMeasurement& named) {
  const Measurement& measurement = named.measurement;
  std::string text = "## " + EscapeMarkdown(named.name) + "\n\n" +
                     EscapeMarkdown(Headline(measurement)) + "\n\n" + ValidityText(measurement);
  for (const ReportTable& table :
       {DistributionTable(measurement), ValueTable(measurement), RepeatTable(measurement),
        ClientTable(measurement), OutcomeTable(measurement), EnvironmentTable(measurement)})
    text += MarkdownTable(table);
  if (const std::string method = IntervalMethod(measurement); !method.empty())
    text += "In brackets: " + EscapeMarkdown(method) + ".\n\n";
  for (const std::string& note : measurement.notes) text += "- " + EscapeMarkdown(note) + "\n";
  if (!measurement.notes.empty()) text += "\n";
  if (!measurement.command_line.empty()) text += Fenced(measurement.command_line);
  return text;
}

std::string ComparisonMarkdown(NamedMeasurements measurements) {
  std::string text =
      MarkdownTable(OverviewTable(measurements)) + MarkdownTable(DifferenceTable(measurements));
  for (const VerdictSection& section : MakeVerdicts(measurements)) {
    text += MarkdownTable(section.table);
    for (const std::string& note : section.notes) text += EscapeMarkdown(note) + "\n\n";
  }
  return text;
}

}  // namespace

std::string MarkdownReport(NamedMeasurements measurements) {
  return MarkdownReport(measurements, {});
}

std::string MarkdownReport(NamedMeasurements measurements, const ReportHead& head) {
  const std::string title = head.title.empty() ? "Benchmark report" : EscapeMarkdown(head.title);
  std::string text = "# " + title + "\n\n";
  for (const std::string& finding : head.findings) text += EscapeMarkdown(finding) + "\n\n";
  if (measurements.size() > 1) text += ComparisonMarkdown(measurements);
  for (const NamedMeasurement& named : measurements) text += MeasurementMarkdown(named);
  return text;
}

}  // namespace redline::lab
