#include "app/plan_validate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/output.h"
#include "app/progress_line.h"
#include "base/files.h"
#include "base/strings.h"
#include "planner/validate/leave_one_out.h"
#include "planner/validate/validation.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::string Percent(double share) { return fmt::format("{:+.1f}%", 100 * share); }

std::string RowsTable(const std::vector<planner::ValidatedRow>& rows) {
  std::vector<std::vector<std::string>> cells;
  for (const planner::ValidatedRow& row : rows) {
    if (!row.is_covered) {
      cells.push_back({Excerpt(row.run.name, 60), "not covered: " + Excerpt(row.reason, 80)});
      cells.back().resize(5);
      continue;
    }
    for (const planner::ValidatedMetric& metric : row.metrics) {
      cells.push_back({Excerpt(row.run.name, 60), metric.name,
                       fmt::format("{:.1f}", metric.measured),
                       fmt::format("{:.1f}", metric.predicted.value), Percent(metric.error())});
    }
  }
  return FormatTable({"RUN", "METRIC", "MEASURED", "PREDICTED", "ERROR"}, cells);
}

std::string SummaryTable(const json& summary) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& [name, metric] : summary.at("metrics").items()) {
    cells.push_back({name, fmt::format("{}", metric.at("rows").get<int64_t>()),
                     fmt::format("{:.1f}%", 100 * metric.at("median_error").get<double>()),
                     fmt::format("{:.1f}%", 100 * metric.at("p90_error").get<double>()),
                     Percent(metric.at("median_signed_error").get<double>()),
                     fmt::format("{:.0f}%", 100 * metric.at("held_by_band").get<double>())});
  }
  return FormatTable({"METRIC", "ROWS", "MEDIAN ERROR", "P90 ERROR", "SIGNED", "IN BAND"}, cells);
}

}  // namespace

Status RunPlanValidate(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(
      RefuseFlags(arguments,
                  {"hardware", "workload", "concurrency", "rate", "requests", "scale",
                   "scale-lengths", "goal", "slo-ttft-ms", "slo-tpot-ms", "slo-share", "engine",
                   "env", "price-per-gpu-hour", "seed", "threads", "html"},
                  "with validate: the file says what ran"));
  if (arguments.Has("leave-models-out"))
    RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"calibration"}, "with --leave-models-out"));
  const std::string path = arguments.Get("FILE");
  if (path.empty()) {
    return InvalidArgument(
        "a file of measured runs is needed; for example: redline plan validate runs.csv", "FILE");
  }
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const auto runs = planner::MeasuredRunsFromCsv(text);
  if (!runs.ok()) return runs.status().WithContext(path);
  std::vector<planner::EngineCalibration> calibrations;
  planner::ValidationOptions options;
  if (arguments.Has("calibration")) {
    RL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(arguments.Get("calibration")));
    RL_ASSIGN_OR_RETURN(calibrations, planner::CalibrationsFromYaml(yaml));
    options.calibrations = &calibrations;
  }
  const std::vector<planner::ValidatedRow> rows =
      arguments.Has("leave-models-out")
          ? planner::ValidateLeavingModelsOut(
                *runs,
                {.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); }})
          : planner::Validate(*runs, options);
  const json report = planner::ToJson(rows);
  if (PrintedForPrograms(arguments, report)) return OkStatus();
  const json& summary = report.at("summary");
  fmt::print("{}\n{}{} of {} rows covered\n", RowsTable(rows), SummaryTable(summary),
             summary.at("covered").get<int64_t>(), summary.at("rows").get<int64_t>());
  return OkStatus();
}

}  // namespace redline::app
