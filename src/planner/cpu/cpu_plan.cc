#include "planner/cpu/cpu_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/parameter_schema.h"
#include "planner/cpu/cpu_policy.h"

namespace redline::planner {
namespace {

std::string ValueIn(const spec::Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "the default" : backends::FormatValue(found->second);
}

Status CheckSameSettings(const CpuPlanInputs& inputs) {
  const spec::Parameters own = StepSettingsOf(inputs.engine, inputs.resolved);
  const spec::Parameters measured = StepSettingsOf(inputs.engine, inputs.calibration->resolved);
  spec::Parameters all = own;
  all.insert(measured.begin(), measured.end());
  for (const auto& [name, value] : all) {
    if (ValueIn(own, name) == ValueIn(measured, name)) continue;
    return FailedPrecondition(fmt::format(
        "{} was calibrated with {} = {}, and this is for {}, with which a step takes another time; "
        "measure it: redline calibrate run {} --engine {} -- ARGS",
        inputs.engine, name, ValueIn(measured, name), ValueIn(own, name), inputs.calibration->model,
        inputs.engine));
  }
  return OkStatus();
}

// The logarithmic half width that holds four of five, from a fit's own errors, which are smaller
// than those on other loads.
double BandOf(const CpuCalibration& calibration) {
  return std::clamp(1.5 * calibration.p90_error, 0.1, 1.0);
}

// Of a machine that does nothing else.
constexpr double kQuietLoad = 0.5;

struct FlagChoices {
  std::string_view engine;
  const char* flag;
  std::array<const char*, 5> values;  // "" ends them
};

constexpr std::array kChoices = {
    FlagChoices{"native", "--max-running-requests", {"4", "8", "16", "32", "128"}},
    FlagChoices{"native", "--chunked-prefill-size", {"128", "256", "1024", "2048", ""}},
    FlagChoices{"vllm", "--max-num-seqs", {"4", "8", "16", "32", "64"}},
    FlagChoices{"vllm", "--max-num-batched-tokens", {"256", "512", "1024", "4096", ""}},
    FlagChoices{"llama_cpp", "--parallel", {"1", "2", "8", "16", "32"}},
    FlagChoices{"llama_cpp", "--batch-size", {"512", "1024", "4096", "", ""}},
};

}  // namespace

EnginePlan PlanOfCosts(const SchedulerPolicy& policy, const CpuCosts& costs) {
  EnginePlan plan;
  plan.policy = policy;
  plan.policy.frontend_seconds_per_request = costs[CpuCost::kRequest] * 1e-6;
  plan.policy.response_seconds = costs[CpuCost::kAnswer] * 1e-6;
  plan.calibration.calibration.first_token_steps = 0;
  plan.cost = std::make_shared<CpuStepCost>(costs);
  return plan;
}

Result<EnginePlan> PlanOnCpu(const CpuPlanInputs& inputs) {
  RL_RETURN_IF_ERROR(CheckSameSettings(inputs));
  RL_ASSIGN_OR_RETURN(const SchedulerPolicy policy,
                      CpuPolicyOf(inputs.engine, inputs.resolved, *inputs.model));
  const CpuCalibration& calibration = *inputs.calibration;
  EnginePlan plan = PlanOfCosts(policy, calibration.costs);
  plan.settings.engine = inputs.engine;
  plan.settings.version = inputs.version;
  EngineCalibration& bands = plan.calibration.calibration;
  bands.engine = inputs.engine;
  bands.throughput_band = BandOf(calibration);
  bands.ttft_band = bands.tpot_band = bands.throughput_band;
  bands.num_runs = static_cast<int64_t>(calibration.points.size());
  plan.calibration.is_own = calibration.version == inputs.version;
  plan.calibration.provenance = fmt::format(
      "calibrated on {} loads of {}@{} on this machine's {} ({} CPUs), {}; median error of the fit "
      "{:.1f}%",
      calibration.points.size(), calibration.engine, calibration.version, calibration.cpu,
      calibration.num_cpus, calibration.measured_at, 100 * calibration.median_error);
  plan.notes.push_back(plan.calibration.provenance);
  if (calibration.load_average > kQuietLoad) {
    plan.notes.push_back(
        fmt::format("the machine was busy when that was measured (load average {:.1f}): measure "
                    "again when it is not",
                    calibration.load_average));
  }
  plan.num_gpus = 1;
  return plan;
}

std::vector<std::vector<std::string>> CpuChoices(std::string_view engine) {
  std::vector<std::vector<std::string>> all = {{}};
  for (const FlagChoices& axis : kChoices) {
    if (axis.engine != engine) continue;
    const size_t num_before = all.size();
    for (const std::string_view value : axis.values) {
      if (value.empty()) break;
      for (size_t index = 0; index < num_before; ++index) {
        std::vector<std::string> words = all[index];
        words.insert(words.end(), {axis.flag, std::string(value)});
        all.push_back(std::move(words));
      }
    }
  }
  return all;
}

}  // namespace redline::planner
