#include "planner/validate/leave_one_out.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace redline::planner {
namespace {

struct RunKind {
  std::string engine;
  std::string version;
  std::string model;  // model_type
};

}  // namespace

std::vector<ValidatedRow> ValidateLeavingModelsOut(const std::vector<MeasuredRun>& runs,
                                                   const FitOptions& options) {
  std::map<std::string, std::vector<size_t>> by_model;
  std::vector<RunKind> kinds(runs.size());
  std::vector<ValidatedRow> rows(runs.size());
  for (size_t index = 0; index < runs.size(); ++index) {
    rows[index].run = runs[index];
    rows[index].reason = runs[index].not_covered;
    if (!rows[index].reason.empty()) continue;
    const auto plan = PlanOfRun(runs[index], nullptr);
    if (!plan.ok()) {
      rows[index].reason = plan.status().message();
      continue;
    }
    const EngineSettings& settings = (*plan)->plan.settings;
    kinds[index] = {settings.engine, settings.version, (*plan)->shape.architecture};
    by_model[kinds[index].model].push_back(index);
  }
  for (const auto& [model, places] : by_model) {
    std::set<std::string> engines;
    std::vector<MeasuredRun> held_out;
    for (const size_t place : places) {
      engines.insert(kinds[place].engine);
      held_out.push_back(runs[place]);
    }
    std::vector<MeasuredRun> seen;
    for (size_t index = 0; index < runs.size(); ++index) {
      if (kinds[index].model != model && engines.contains(kinds[index].engine)) {
        seen.push_back(runs[index]);
      }
    }
    if (options.progress) {
      options.progress(
          fmt::format("{}: {} runs by {} of other models", model, held_out.size(), seen.size()));
    }
    FitOptions fit = options;
    fit.progress = nullptr;
    fit.finds_bands = false;
    const auto fitted = FitCalibrations(seen, fit);
    const std::vector<EngineCalibration> none;
    const auto validated = Validate(held_out, {.calibrations = fitted.ok() ? &*fitted : &none});
    for (size_t index = 0; index < places.size(); ++index) {
      rows[places[index]] = validated[index];
    }
  }
  return rows;
}

}  // namespace redline::planner
