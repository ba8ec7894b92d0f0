#include "lab/tune/tune_tables.h"

#include <fmt/format.h>

#include <cmath>

#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

std::string RatioCell(double ratio) { return ratio > 0 ? fmt::format("x{:.3f}", ratio) : "-"; }

Cell RatioOf(const TuneStep& step) {
  Cell cell{.text = RatioCell(step.ratio)};
  if (step.high > 0) {
    cell.note =
        fmt::format("{:.3f} to {:.3f} at {:g}%", step.low, step.high, step.confidence * 100);
  }
  if (step.low > 1) cell.tone = Tone::kGood;
  if (step.high > 0 && step.high < 1) cell.tone = Tone::kBad;
  return cell;
}

ReportTable StepsTable(const TuneReport& report, bool accepted, std::string caption) {
  ReportTable table{.caption = std::move(caption),
                    .header = {"stage", "change", "measured", "predicted", "reason"},
                    .has_text_cells = true};
  for (const TuneStep& step : report.result.steps) {
    if (step.accepted() != accepted) continue;
    table.rows.push_back({{.text = std::string(NameOf(step.stage))},
                          {.text = step.change},
                          RatioOf(step),
                          {.text = RatioCell(step.predicted_ratio.value_or(0))},
                          {.text = step.reason}});
  }
  return table;
}

}  // namespace

std::string_view UnitOf(TuneGoal goal) {
  return goal == TuneGoal::kThroughput ? "total tokens/s" : "1/mean time of a request, 1/s";
}

double ValueOfTrial(const TuneReport& report, const Trial& trial) {
  double sum = 0;
  double count = 0;
  for (const TrialRun& run : trial.runs.empty() ? trial.short_runs : trial.runs) {
    const double value = ValueOf(run, report.result.goal);
    if (value <= 0) continue;
    sum += std::log(value);
    ++count;
  }
  return count > 0 ? std::exp(sum / count) : 0;
}

ReportTable AcceptedStepsTable(const TuneReport& report) {
  return StepsTable(report, true, "Accepted steps");
}

ReportTable OtherStepsTable(const TuneReport& report) {
  return StepsTable(report, false, "Steps that were not taken, and why");
}

ReportTable TrialsTable(const TuneReport& report) {
  ReportTable table{.caption = "Trials",
                    .header = {"", "configuration", std::string(UnitOf(report.result.goal)), "runs",
                               "forecast", "what became of it"},
                    .has_text_cells = true};
  for (const Trial& trial : report.result.trials) {
    if (trial.number == 0) continue;
    const double value = ValueOfTrial(report, trial);
    Cell measured{.text = value > 0 ? FormatFigure(value) : "-"};
    if (trial.runs.empty() && value > 0) measured.note = "of a part of the workload";
    Cell forecast{.text = trial.forecast ? FormatFigure(trial.forecast->value) : "-"};
    if (trial.forecast) forecast.note = FormatRange(trial.forecast->low, trial.forecast->high);
    Cell end{.text = trial.fault == TrialFault::kNone
                         ? trial.guard
                         : fmt::format("{}: {}", NameOf(trial.fault), trial.reason)};
    if (trial.fault != TrialFault::kNone) end.tone = Tone::kBad;
    table.rows.push_back({{.text = std::to_string(trial.number)},
                          {.text = report.result.space.Describe(trial.choice)},
                          measured,
                          {.text = std::to_string(trial.runs.size() + trial.short_runs.size())},
                          forecast,
                          end});
  }
  return table;
}

ReportTable RefitTable(const TuneReport& report) {
  ReportTable table{.caption = "The planner, refitted by this run (measured over forecast)",
                    .header = {"of", "factor"}};
  for (const RefitFactor& factor : report.result.refit)
    table.rows.push_back({{.text = factor.of}, {.text = fmt::format("{:.3f}", factor.factor)}});
  return table;
}

}  // namespace redline::lab
