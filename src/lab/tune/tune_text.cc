// Markdown, CSV and the sentences of a run's report.
#include <fmt/format.h>

#include "base/strings.h"
#include "lab/report/number_text.h"
#include "lab/tune/tune_tables.h"

namespace redline::lab {
namespace {

// Of a table's cell: no bar, no line end.
std::string MarkdownCell(const Cell& cell) {
  std::string text = cell.note.empty() ? cell.text : cell.text + " (" + cell.note + ")";
  std::string safe;
  for (const char c : EscapeControl(text))
    safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

std::string MarkdownTable(const ReportTable& table) {
  if (table.rows.empty()) return "";
  std::string text = fmt::format("## {}\n\n|", table.caption);
  for (const std::string& name : table.header) text += fmt::format(" {} |", name);
  text += "\n|";
  for (size_t column = 0; column < table.header.size(); ++column) text += "---|";
  text += "\n";
  for (const std::vector<Cell>& row : table.rows) {
    text += "|";
    for (const Cell& cell : row) text += fmt::format(" {} |", MarkdownCell(cell));
    text += "\n";
  }
  return text + "\n";
}

std::string CsvField(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::vector<std::string> FindingsOf(const TuneReport& report) {
  const TuneResult& result = report.result;
  std::vector<std::string> findings;
  if (report.is_virtual)
    findings.emplace_back("Virtual: computed by a simulator of a machine, nothing was measured.");
  const std::string baseline = result.space.Describe(result.baseline);
  if (result.has_winner) {
    findings.push_back(fmt::format(
        "{} is x{:.2f} the baseline ({:.2f} to {:.2f} at {:g}%, {} rounds in turns), which is {}.",
        result.space.Describe(result.winner), result.last.ratio, result.last.low, result.last.high,
        result.last.confidence * 100, result.last.challenger.size(), baseline));
  } else {
    findings.push_back(
        fmt::format("Nothing was shown to be better than the baseline, {}.", baseline));
    if (!result.last.challenger.empty())
      findings.push_back("The best candidate: " + result.last.reason + ".");
  }
  for (const TuneChoice& tie : result.ties)
    findings.push_back("A tie with the winner: " + result.space.Describe(tie) + ".");
  if (!result.is_complete) findings.emplace_back("The run is not complete.");
  findings.push_back(fmt::format("{} configurations were started in {:.0f} s; ended because {}.",
                                 result.num_trials, result.seconds,
                                 result.ended_by.empty() ? "all was done" : result.ended_by));
  return findings;
}

std::string MarkdownOf(const TuneReport& report) {
  std::string text =
      fmt::format("# Tuning {} on {}, {}\n\n", report.model, report.hardware, report.workload_name);
  for (const std::string& finding : FindingsOf(report)) text += "* " + finding + "\n";
  text += fmt::format("\nFinal configuration:\n\n```\n{}\n```\n\n",
                      TextOf(report.result.space.ConfigurationOf(report.result.winner)));
  if (!report.publish_command.empty())
    text += fmt::format("Publish it as a profile:\n\n```\n{}\n```\n\n", report.publish_command);
  text += MarkdownTable(AcceptedStepsTable(report));
  text += MarkdownTable(OtherStepsTable(report));
  text += MarkdownTable(TrialsTable(report));
  text += MarkdownTable(RefitTable(report));
  return text + fmt::format("Made by:\n\n```\n{}\n```\n", report.command_line);
}

std::string CsvOf(const TuneReport& report) {
  std::string text =
      "number,engine,configuration,value,runs,short_runs,forecast,fault,reason,guard\n";
  for (const Trial& trial : report.result.trials) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", trial.number,
                        CsvField(report.result.space.engines[trial.choice.engine].space.engine),
                        CsvField(TextOf(report.result.space.ConfigurationOf(trial.choice))),
                        ValueOfTrial(report, trial), trial.runs.size(), trial.short_runs.size(),
                        trial.forecast ? fmt::format("{}", trial.forecast->value) : "",
                        NameOf(trial.fault), CsvField(trial.reason), CsvField(trial.guard));
  }
  return text;
}

}  // namespace redline::lab
