// Trials on hardware that is not there: engines resolved as the real ones would, timed by the
// simulator on a machine that differs from what the planner knows (planner/virtual/truth_cost.h).
// Nothing is measured. Figures come of the simulator at once, so a run takes its own time on paper
// only; answers come over HTTP from a virtual engine.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/tune/trial_lab.h"
#include "lab/tune/tune_options.h"
#include "planner/engines/engine_plan.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/predict/configure.h"
#include "planner/virtual/truth_cost.h"
#include "spec/workload_spec.h"

namespace redline::lab {

// What happens to configurations that have all these words, for rehearsals: kWrongAnswers (and
// twice as fast), kCrashedAtLoad, kHungAtLoad, kCrashedInRun.
struct PlantedFault {
  TrialFault fault = TrialFault::kNone;
  std::vector<std::string> words;
};
// "wrong_answers:--kv-cache-dtype fp8_e4m3".
Result<PlantedFault> PlantedFaultFromText(const std::string& text);

struct VirtualLabOptions {
  planner::TruthOptions truth;  // run_seed is made of the run's own
  spec::WorkloadSpec workload;
  TuneGoal goal = TuneGoal::kThroughput;
  double start_seconds = 300;  // that a start is taken to need, on paper
  std::vector<PlantedFault> planted;
};

class VirtualLab : public TrialLab {
 public:
  // Both outlive it.
  VirtualLab(const planner::KnownModel& model, const planner::HardwareSpec& hardware,
             VirtualLabOptions options);

  Result<Checked> Check(const TuneConfiguration& configuration) override;
  Result<std::optional<Forecast>> Predict(const TuneConfiguration& configuration) override;
  Result<TrialRun> Measure(const TuneConfiguration& configuration, const RunOrder& order) override;
  Result<GuardRun> Answer(const TuneConfiguration& configuration) override;
  double StartSeconds(const TuneConfiguration&) const override { return options_.start_seconds; }

  // What the machine would do without noise: what only a rehearsal can know.
  Result<double> TrueValue(const TuneConfiguration& configuration);

 private:
  struct Planned {
    std::string resolved;
    std::vector<std::string> notes;
    planner::EnginePlan plan;
  };
  Result<const Planned*> PlanOf(const TuneConfiguration& configuration);
  Result<const planner::Configurer*> ConfigurerOf(const std::string& engine);
  TrialFault PlantedIn(const TuneConfiguration& configuration) const;
  Result<std::map<std::string, double>> Simulate(const Planned& planned,
                                                 const spec::WorkloadSpec& workload, uint64_t seed,
                                                 const planner::TruthOptions& truth) const;

  const planner::KnownModel& model_;
  const planner::HardwareSpec& hardware_;
  const VirtualLabOptions options_;
  planner::StepCostCache costs_;
  std::map<std::string, planner::Configurer> configurers_;
  std::map<TuneConfiguration, Result<Planned>> plans_;
  std::string up_;  // the configuration that ran last
};

}  // namespace redline::lab
