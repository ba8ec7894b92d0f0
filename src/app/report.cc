#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/commands.h"
#include "app/measurement_table.h"
#include "base/files.h"
#include "base/strings.h"
#include "lab/import/importer.h"
#include "lab/report/csv_report.h"
#include "lab/report/html_report.h"
#include "lab/report/markdown_report.h"
#include "lab/report/verdicts.h"

namespace redline::app {
namespace {

using lab::NamedMeasurement;
using lab::NamedMeasurements;

constexpr size_t kMostFiles = 64;

std::string ComparisonTables(NamedMeasurements measurements) {
  std::string text = TerminalTable(lab::OverviewTable(measurements)) + "\n" +
                     TerminalTable(lab::DifferenceTable(measurements));
  for (const lab::VerdictSection& section : lab::MakeVerdicts(measurements)) {
    text += "\n" + EscapeControl(section.table.caption) + "\n" + TerminalTable(section.table);
    for (const std::string& note : section.notes) text += "Note: " + EscapeControl(note) + "\n";
  }
  return text;
}

std::string TableReport(NamedMeasurements measurements) {
  std::string text = measurements.size() > 1 ? ComparisonTables(measurements) : "";
  for (const auto& [name, measurement] : measurements) {
    if (measurements.size() > 1) text += "\n== " + EscapeControl(name) + "\n";
    text += MeasurementTable(measurement);
  }
  return text;
}

struct ReportFormat {
  const char* name;
  const char* extension;  // of a file that gets this format by itself
  std::string (*write)(NamedMeasurements measurements);
};

constexpr ReportFormat kFormats[] = {{"table", ".txt", TableReport},
                                     {"html", ".html", lab::HtmlReport},
                                     {"markdown", ".md", lab::MarkdownReport},
                                     {"csv", ".csv", lab::MetricsCsv},
                                     {"requests-csv", "", lab::RequestsCsv}};

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const ReportFormat& format : kFormats) names.emplace_back(format.name);
  return names;
}

const ReportFormat& ChosenFormat(const Arguments& arguments) {
  const std::string extension = std::filesystem::path(arguments.Get("output-file")).extension();
  for (const ReportFormat& format : kFormats) {
    const bool is_chosen = arguments.Has("format")
                               ? arguments.Get("format") == format.name
                               : !extension.empty() && extension == format.extension;
    if (is_chosen) return format;
  }
  return kFormats[0];
}

// The file's name without its ending; with its folder's where two files would be called the same.
std::vector<std::string> NamesOf(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(std::filesystem::path(file).stem());
  const std::vector<std::string> stems = names;
  for (size_t i = 0; i < files.size(); ++i) {
    if (std::count(stems.begin(), stems.end(), stems[i]) < 2) continue;
    const std::string folder =
        std::filesystem::absolute(files[i]).lexically_normal().parent_path().filename();
    names[i] = folder + "/" + stems[i];
    const auto earlier = std::count(names.begin(), names.begin() + static_cast<long>(i), names[i]);
    if (earlier > 0) names[i] += fmt::format(" ({})", earlier + 1);
  }
  return names;
}

Result<std::vector<NamedMeasurement>> ReadMeasurements(const std::vector<std::string>& files) {
  if (files.size() > kMostFiles)
    return InvalidArgument(fmt::format("{} results were given, a report has room for {}: give "
                                       "fewer files",
                                       files.size(), kMostFiles),
                           "RESULT");
  const std::vector<std::string> names = NamesOf(files);
  std::vector<NamedMeasurement> measurements;
  for (size_t i = 0; i < files.size(); ++i) {
    auto measurement = lab::ImportFile(files[i]);
    if (!measurement.ok()) return measurement.status();
    measurements.push_back({names[i], std::move(*measurement)});
  }
  return measurements;
}

Status RunReport(const Arguments& arguments) {
  const ReportFormat& format = ChosenFormat(arguments);
  const std::string path = arguments.Get("output-file");
  if (path.empty() && std::string_view(format.name) == "html")
    return InvalidArgument("--format html needs a file: add --output-file report.html",
                           "output-file");
  RL_ASSIGN_OR_RETURN(const auto measurements, ReadMeasurements(arguments.GetAll("RESULT")));
  const std::string report = format.write(measurements);
  if (!path.empty()) return WriteOutputFile(path, report);
  fmt::print("{}", report);
  return OkStatus();
}

}  // namespace

Command ReportCommand() {
  return {
      .name = "report",
      .summary = "show results of redline bench as a page, Markdown, CSV or a table",
      .description =
          "Shows one result of `redline bench`, or several side by side. The HTML page needs no "
          "network and no other file.",
      .example =
          "redline report a.json b.json --format html --output-file report.html\n"
          "redline report a.json --format csv",
      .flags = {{"format", "FORMAT", "how; without it the output file's ending says, else table",
                 "", FormatNames()},
                {"output-file", "PATH", "where to; standard output without it", ""}},
      .positionals = {{"RESULT",
                       "results of redline bench --output json, vllm, sglang, guidellm or aiperf",
                       true, true}},
      .run = RunReport};
}

}  // namespace redline::app
