// redline compare: whether B beats A, and whether published steps exceed their own noise.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/comparison_table.h"
#include "app/measurement_table.h"
#include "app/output.h"
#include "base/files.h"
#include "base/strings.h"
#include "lab/import/importer.h"
#include "lab/import/perflab.h"
#include "lab/metrics/summary.h"
#include "lab/report/differences.h"
#include "lab/report/report_tables.h"
#include "lab/stats/comparison.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr size_t kFlagsShown = 48;  // bytes of a table's cell; JSON has them all

std::string PerflabTable(const lab::PerflabReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const lab::PerflabStep& step : report.steps) {
    rows.push_back({step.page, step.engine, step.workload, Excerpt(step.from, kFlagsShown),
                    Excerpt(step.to, kFlagsShown), ChangeText(step.ratio),
                    fmt::format("x{:.2f}", step.limit), step.exceeds ? "yes" : "no", step.noise});
  }
  return FormatTable({"PAGE", "ENGINE", "WORKLOAD", "FROM", "TO", "CHANGE", "NOISE LIMIT",
                      "EXCEEDS NOISE", "NOISE OF"},
                     rows) +
         fmt::format("A run strays by {:.1f}% by itself ({:.0f} degrees of freedom).\n",
                     report.spread * 100, report.degrees);
}

Status RunPerflab(const Arguments& arguments) {
  const std::string path = arguments.Get("perflab");
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const auto runs = lab::ParsePerflab(text);
  if (!runs.ok()) return runs.status().WithContext(path);
  RL_ASSIGN_OR_RETURN(const lab::PerflabReport report, lab::JudgePerflab(*runs));
  if (!PrintedForPrograms(arguments, json::parse(lab::ToJson(report, *runs))))
    fmt::print("{}", PerflabTable(report));
  return OkStatus();
}

Status CheckMetric(const std::string& figure) {
  const Status known = lab::CheckFigure(figure);
  return known.ok() ? known : InvalidArgument("--metric: " + known.message(), "metric");
}

Result<lab::CompareOptions> CompareOptionsOf(const Arguments& arguments) {
  lab::CompareOptions options;
  options.figures = arguments.GetAll("metric");
  for (const std::string& figure : options.figures) RL_RETURN_IF_ERROR(CheckMetric(figure));
  RL_ASSIGN_OR_RETURN(const double percent, arguments.GetDouble("effect", 0.01, 1000));
  options.effect = percent / 100;
  options.different_workloads_are_fine = arguments.Has("different-workloads");
  return options;
}

json DifferencesJson(lab::NamedMeasurements both) {
  json rows = json::array();
  for (const lab::Difference& difference : lab::FindDifferences(both))
    rows.push_back(
        {{"field", difference.field}, {"a", difference.values[0]}, {"b", difference.values[1]}});
  return rows;
}

Status RunCompare(const Arguments& arguments) {
  if (arguments.Has("perflab")) return RunPerflab(arguments);
  const std::vector<std::string> files = {arguments.Get("A"), arguments.Get("B")};
  if (files[0].empty() || files[1].empty())
    return InvalidArgument("two results are needed; for example: redline compare a.json b.json");
  RL_ASSIGN_OR_RETURN(const lab::CompareOptions options, CompareOptionsOf(arguments));
  std::vector<lab::NamedMeasurement> both = {{"A", {}}, {"B", {}}};
  RL_ASSIGN_OR_RETURN(both[0].measurement, lab::ImportFile(files[0]));
  RL_ASSIGN_OR_RETURN(both[1].measurement, lab::ImportFile(files[1]));
  const lab::Comparison comparison =
      lab::Compare(both[0].measurement, both[1].measurement, options);
  if (comparison.figures.empty())
    return FailedPrecondition("the two results have no metric in common that could be compared");
  json document = json::parse(lab::ToJson(comparison));
  document["differences"] = DifferencesJson(both);
  if (!PrintedForPrograms(arguments, document))
    fmt::print("{}\n{}", ComparisonTable(comparison), TerminalTable(lab::DifferenceTable(both)));
  return OkStatus();
}

}  // namespace

Command CompareCommand() {
  return {
      .name = "compare",
      .summary = "say whether one benchmark result beats another",
      .description =
          "Compares two results, A and B, metric by metric: is B faster or slower, is no "
          "difference "
          "shown, or is there not enough data (and how many repeats would do). Results of redline "
          "bench, vllm bench serve, SGLang bench_serving, GuideLLM and AIPerf are read; of a file "
          "with several benchmarks FILE#2 is the second. docs/metrics.md says how verdicts are "
          "found.",
      .example =
          "redline compare a.json b.json\n"
          "redline compare a.json b.json --metric output_tps --output json\n"
          "redline compare --perflab perflab-h200.csv",
      .flags = {OutputFlag(),
                {.name = "metric",
                 .value_name = "NAME",
                 .help = "compare this only, for example output_tps or ttft_ms.p99; may be given "
                         "several times",
                 .repeated = true},
                {.name = "effect",
                 .value_name = "PERCENT",
                 .help =
                     "the change that matters: \"no difference shown\" means one this large would "
                     "have been found",
                 .default_value = "5"},
                {.name = "different-workloads",
                 .help = "judge results of different workloads, too"},
                {.name = "perflab",
                 .value_name = "FILE.csv",
                 .help = "instead of two results: which steps of these published runs exceed the "
                         "noise of their own repeats"}},
      .positionals = {{"A", "result before the change", false},
                      {"B", "result after the change", false}},
      .run = RunCompare};
}

}  // namespace redline::app
