// redline plan: what a configuration would do, before it runs, and which one is best.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/output.h"
#include "app/plan_cpu.h"
#include "app/plan_output.h"
#include "app/plan_request.h"
#include "app/plan_validate.h"
#include "app/progress_line.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/strings.h"
#include "planner/plan/plan_json.h"
#include "planner/plan/plan_progress.h"

namespace redline::app {
namespace {

// Progress with what is left, on standard error; at most ten times a second.
class SearchProgress {
 public:
  void Show(std::string_view phase, size_t done, size_t all) {
    if (phase != phase_) {
      phase_ = phase;
    } else if (SecondsSince(shown_) < 0.1) {
      return;
    }
    shown_ = MonotonicNow();
    progress_.Update(phase, done, all, SecondsSince(begin_));
    std::string text = fmt::format("{} {} of {}", phase, done, all);
    if (progress_.seconds_left() >= 0) {
      text += fmt::format(", {} left", FormatDuration(progress_.seconds_left()));
    }
    line_.Show(phase_, text);
  }

 private:
  ProgressLine line_;
  planner::PlanProgress progress_;
  std::string phase_;
  const MonotonicTime begin_ = MonotonicNow();
  MonotonicTime shown_;
};

Status RunPlan(const Arguments& arguments) {
  if (arguments.Get("MODEL") == "validate") return RunPlanValidate(arguments);
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"leave-models-out"}, "without validate"));
  if (arguments.Has("FILE")) {
    return InvalidArgument(
        fmt::format("unexpected argument \"{}\"; arguments of an engine follow --",
                    Excerpt(arguments.Get("FILE"))),
        "FILE");
  }
  if (IsForCpu(arguments)) return RunCpuPlan(arguments);
  RL_ASSIGN_OR_RETURN(planner::PlanRequest request, PlanRequestOf(arguments));
  std::vector<planner::EngineCalibration> calibrations;
  if (arguments.Has("calibration")) {
    RL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(arguments.Get("calibration")));
    RL_ASSIGN_OR_RETURN(calibrations, planner::CalibrationsFromYaml(yaml));
    request.options.calibrations = &calibrations;
  }
  std::optional<SearchProgress> progress;
  progress.emplace();
  request.options.progress = [&](std::string_view phase, size_t done, size_t all) {
    progress->Show(phase, done, all);
  };
  auto report = planner::MakePlanReport(request);
  progress.reset();
  if (!report.ok()) return report.status();
  if (arguments.Has("html")) {
    RL_RETURN_IF_ERROR(WriteOutputFile(arguments.Get("html"), PlanPage(*report)));
  }
  if (!PrintedForPrograms(arguments, planner::PlanJson(*report)))
    fmt::print("{}", PlanTables(*report));
  return OkStatus();
}

}  // namespace

Command PlanCommand() {
  return {
      .name = "plan",
      .summary = "predict what engines will do on given hardware, and find the best configuration",
      .description =
          "Resolves every configuration as its engine would, drops what is refused, the same or "
          "too "
          "large, simulates the rest under the workload and ranks them; then tells what the best "
          "one gains over the defaults, change by change, and how sure that is. Neither hardware "
          "nor platform is needed. With -- ARGS it predicts that one configuration. `redline plan "
          "validate FILE` holds predictions against measured runs. See docs/planner.md.",
      .example =
          "redline plan deepseek-ai/DeepSeek-V3.2 --hardware h200x8 --workload sharegpt\n"
          "redline plan deepseek-ai/DeepSeek-V3.2 --hardware h200x8 --engine sglang -- --tp-size "
          "8\n"
          "redline plan validate runs.csv",
      .flags = PlanFlags(),
      .positionals = {{"MODEL", "a model of the library, the path of a config.json, or validate"},
                      {"FILE", "validate: measured runs (CSV)", false},
                      {.name = "ARG",
                       .help = "the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunPlan};
}

}  // namespace redline::app
