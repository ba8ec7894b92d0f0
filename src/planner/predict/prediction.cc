#include "planner/predict/prediction.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "planner/predict/explaining_cost.h"
#include "planner/quantile.h"
#include "planner/simulate/serving_simulator.h"

namespace redline::planner {
namespace {

using Outcome = SimulatedRequest::Outcome;

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Banded Band(double value, double width) {
  return {.value = value, .low = value * std::exp(-width), .high = value * std::exp(width)};
}

bool KeepsObjectives(const SimulatedRequest& request, const spec::WorkloadSpec& workload,
                     double ttft_ms, double tpot_ms, double e2e_ms) {
  if (request.slo_class >= workload.slo_classes.size()) return true;
  const spec::SloClass& slo = workload.slo_classes[request.slo_class];
  const auto keeps = [](double objective, double value) {
    return objective <= 0 || value <= objective;
  };
  return keeps(slo.ttft_ms, ttft_ms) && keeps(slo.tpot_ms, tpot_ms) && keeps(slo.e2e_ms, e2e_ms);
}

// The figures of a run. `extra_steps`: what the first token waits beyond the simulation, in mean
// times between tokens.
void Summarize(const SimulationResult& run, const spec::WorkloadSpec& workload,
               const EngineCalibration& calibration, Prediction& prediction) {
  std::vector<double> ttft_ms;
  std::vector<double> tpot_ms;
  std::vector<double> e2e_ms;
  double input = 0;
  double output = 0;
  double first_sent = run.end_s;
  double last = 0;
  for (const SimulatedRequest& request : run.requests) {
    if (request.outcome != Outcome::kFinished && request.outcome != Outcome::kAborted) continue;
    input += request.input_tokens;
    output += request.output_tokens;
    first_sent = std::min(first_sent, request.sent_s);
    last = std::max(last, request.last_token_s);
    ttft_ms.push_back(1e3 * (request.first_token_s - request.sent_s));
    e2e_ms.push_back(1e3 * (request.last_token_s - request.sent_s));
    if (request.output_tokens > 1) {
      tpot_ms.push_back(1e3 * (request.last_token_s - request.first_token_s) /
                        (request.output_tokens - 1));
    }
  }
  const double tpot = Mean(tpot_ms);
  const double wait_ms = calibration.first_token_steps * tpot;
  size_t kept = 0;
  size_t index = 0;
  for (const SimulatedRequest& request : run.requests) {
    if (request.outcome != Outcome::kFinished && request.outcome != Outcome::kAborted) continue;
    ttft_ms[index] += wait_ms;
    e2e_ms[index] += wait_ms;
    const double own_tpot =
        request.output_tokens > 1
            ? 1e3 * (request.last_token_s - request.first_token_s) / (request.output_tokens - 1)
            : 0;
    kept += KeepsObjectives(request, workload, ttft_ms[index], own_tpot, e2e_ms[index]);
    ++index;
  }
  const double duration = std::max(last - first_sent, 1e-9);
  prediction.duration_s = duration;
  prediction.total_tps = Band((input + output) / duration, calibration.throughput_band);
  prediction.output_tps = Band(output / duration, calibration.throughput_band);
  prediction.mean_ttft_ms = Band(Mean(ttft_ms), calibration.ttft_band);
  prediction.mean_tpot_ms = Band(tpot, calibration.tpot_band);
  prediction.mean_e2e_ms = Mean(e2e_ms);
  prediction.slo_share =
      ttft_ms.empty() ? 0 : static_cast<double>(kept) / static_cast<double>(index);
  prediction.median_ttft_ms = Quantile(ttft_ms, 0.5);
  prediction.p99_ttft_ms = Quantile(ttft_ms, 0.99);
  prediction.median_tpot_ms = Quantile(tpot_ms, 0.5);
  prediction.p99_tpot_ms = Quantile(tpot_ms, 0.99);
}

nlohmann::json BandToJson(const Banded& banded) {
  return {{"value", banded.value}, {"low", banded.low}, {"high", banded.high}};
}

}  // namespace

Result<Prediction> Predict(const EnginePlan& plan, const spec::WorkloadSpec& workload,
                           const PredictOptions& options) {
  RL_ASSIGN_OR_RETURN(const auto requests, workload::MakePlan(workload, options.seed));
  return Predict(plan, workload, *requests, options);
}

Result<Prediction> Predict(const EnginePlan& plan, const spec::WorkloadSpec& workload,
                           const workload::RequestPlan& requests, const PredictOptions& options) {
  const ExplainingCost explaining(*plan.cost);
  const StepCost& cost = options.explains ? static_cast<const StepCost&>(explaining)
                                          : static_cast<const StepCost&>(*plan.cost);
  SchedulerPolicy policy = plan.policy;
  policy.response_seconds = plan.calibration.calibration.first_token_ms * 1e-3;
  Prediction prediction;
  RL_ASSIGN_OR_RETURN(prediction.simulation, SimulateServing(requests, workload, policy, cost));
  if (prediction.simulation.num_refused ==
      static_cast<int64_t>(prediction.simulation.requests.size())) {
    return FailedPrecondition("no request of the workload fits: " + prediction.simulation.refusal);
  }
  Summarize(prediction.simulation, workload, plan.calibration.calibration, prediction);
  if (options.explains) prediction.seconds = explaining.Seconds();
  return prediction;
}

nlohmann::json ToJson(const Prediction& prediction) {
  nlohmann::json operations = nlohmann::json::object();
  for (size_t index = 0; index < kNumOperations; ++index) {
    operations[std::string(NameOf(static_cast<Operation>(index)))] =
        prediction.seconds.seconds[index];
  }
  return {{"total_tps", BandToJson(prediction.total_tps)},
          {"output_tps", BandToJson(prediction.output_tps)},
          {"mean_ttft_ms", BandToJson(prediction.mean_ttft_ms)},
          {"mean_tpot_ms", BandToJson(prediction.mean_tpot_ms)},
          {"median_ttft_ms", prediction.median_ttft_ms},
          {"p99_ttft_ms", prediction.p99_ttft_ms},
          {"median_tpot_ms", prediction.median_tpot_ms},
          {"p99_tpot_ms", prediction.p99_tpot_ms},
          {"mean_e2e_ms", prediction.mean_e2e_ms},
          {"duration_s", prediction.duration_s},
          {"slo_share", prediction.slo_share},
          {"steps", prediction.simulation.num_steps},
          {"preemptions", prediction.simulation.num_preemptions},
          {"refused", prediction.simulation.num_refused},
          {"mean_decoding", prediction.simulation.mean_decoding},
          {"seconds_by_operation", std::move(operations)}};
}

}  // namespace redline::planner
