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

// One finished request, in milliseconds. tpot: 0 for an answer of one token.
struct RequestFigures {
  double ttft = 0;
  double tpot = 0;
  double e2e = 0;
  uint16_t slo_class = 0;
};

bool KeepsObjectives(const RequestFigures& figures, const spec::WorkloadSpec& workload) {
  if (figures.slo_class >= workload.slo_classes.size()) return true;
  const spec::SloClass& slo = workload.slo_classes[figures.slo_class];
  const auto keeps = [](double objective, double value) {
    return objective <= 0 || value <= objective;
  };
  return keeps(slo.ttft_ms, figures.ttft) && keeps(slo.tpot_ms, figures.tpot) &&
         keeps(slo.e2e_ms, figures.e2e);
}

RequestFigures FiguresOf(const SimulatedRequest& request) {
  RequestFigures figures{.ttft = 1e3 * (request.first_token_s - request.sent_s),
                         .e2e = 1e3 * (request.last_token_s - request.sent_s),
                         .slo_class = request.slo_class};
  if (request.output_tokens > 1) {
    figures.tpot =
        1e3 * (request.last_token_s - request.first_token_s) / (request.output_tokens - 1);
  }
  return figures;
}

bool Counts(const SimulatedRequest& request) {
  return request.outcome == Outcome::kFinished || request.outcome == Outcome::kAborted;
}

// Tokens and duration of the whole run.
void SetThroughput(const SimulationResult& run, const EngineCalibration& calibration,
                   Prediction& prediction) {
  double input = 0;
  double output = 0;
  double first_sent = run.end_s;
  double last = 0;
  for (const SimulatedRequest& request : run.requests) {
    if (!Counts(request)) continue;
    input += request.input_tokens;
    output += request.output_tokens;
    first_sent = std::min(first_sent, request.sent_s);
    last = std::max(last, request.last_token_s);
  }
  prediction.duration_s = std::max(last - first_sent, 1e-9);
  prediction.total_tps =
      Band((input + output) / prediction.duration_s, calibration.throughput_band);
  prediction.output_tps = Band(output / prediction.duration_s, calibration.throughput_band);
}

// What a first token waits beyond the simulation counts in mean times between tokens.
void SetLatencies(const SimulationResult& run, const spec::WorkloadSpec& workload,
                  const EngineCalibration& calibration, Prediction& prediction) {
  std::vector<RequestFigures> requests;
  std::vector<double> tpot;
  for (const SimulatedRequest& request : run.requests) {
    if (!Counts(request)) continue;
    requests.push_back(FiguresOf(request));
    if (request.output_tokens > 1) tpot.push_back(requests.back().tpot);
  }
  const double wait = calibration.first_token_steps * Mean(tpot);
  std::vector<double> ttft;
  std::vector<double> e2e;
  size_t kept = 0;
  for (RequestFigures& figures : requests) {
    figures.ttft += wait;
    figures.e2e += wait;
    ttft.push_back(figures.ttft);
    e2e.push_back(figures.e2e);
    kept += KeepsObjectives(figures, workload);
  }
  prediction.mean_ttft_ms = Band(Mean(ttft), calibration.ttft_band);
  prediction.mean_tpot_ms = Band(Mean(tpot), calibration.tpot_band);
  prediction.mean_e2e_ms = Mean(e2e);
  prediction.slo_share =
      requests.empty() ? 0 : static_cast<double>(kept) / static_cast<double>(requests.size());
  prediction.median_ttft_ms = Quantile(ttft, 0.5);
  prediction.p99_ttft_ms = Quantile(ttft, 0.99);
  prediction.median_tpot_ms = Quantile(tpot, 0.5);
  prediction.p99_tpot_ms = Quantile(tpot, 0.99);
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
  const bool explains = options.explains && options.cost == nullptr;
  const StepCost& plain = options.cost != nullptr ? *options.cost : *plan.cost;
  const StepCost& cost = explains ? explaining : plain;
  Prediction prediction;
  RL_ASSIGN_OR_RETURN(prediction.simulation,
                      SimulateServing(requests, workload, plan.policy, cost));
  if (prediction.simulation.num_refused ==
      static_cast<int64_t>(prediction.simulation.requests.size())) {
    return FailedPrecondition("no request of the workload fits: " + prediction.simulation.refusal);
  }
  const EngineCalibration& calibration = plan.calibration.calibration;
  SetThroughput(prediction.simulation, calibration, prediction);
  SetLatencies(prediction.simulation, workload, calibration, prediction);
  if (explains) prediction.seconds = explaining.Seconds();
  return prediction;
}

double FirstTokenWaitSeconds(const EnginePlan& plan, const Prediction& prediction) {
  return plan.calibration.calibration.first_token_steps * prediction.mean_tpot_ms.value * 1e-3;
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
