#include "planner/validate/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "backends/resolution.h"
#include "planner/predict/configure.h"
#include "planner/predict/launch_line.h"
#include "planner/predict/lenient_arguments.h"
#include "planner/quantile.h"
#include "planner/validate/ranking.h"

namespace redline::planner {
namespace {

using nlohmann::json;

// A checkpoint quantised by other hands: NVIDIA's have one scale a matrix, and an fp8 cache.
void Quantize(GemmType type, ModelShape& shape, EngineSettings* settings) {
  if (shape.format.IsQuantized()) return;
  shape.format.quantized.kind =
      type == GemmType::kFp8Block ? NumberFormat::Kind::kFp8Block : NumberFormat::Kind::kFp8Tensor;
  if (type == GemmType::kFp8Block) {
    shape.format.quantized.block_rows = 128;
    shape.format.quantized.block_columns = 128;
  }
  if (settings != nullptr && type == GemmType::kFp8) settings->cache_dtype = CacheDtype::kFp8;
}

// Models that came after the engine versions that have resolvers: their runs are of later ones.
bool IsNewerThanResolvers(const ModelShape& shape) {
  return shape.architecture == "glm_moe_dsa" || shape.architecture.starts_with("qwen3_5");
}

Result<EngineSettings> SettingsOfRun(const MeasuredRun& run, const KnownModel& model,
                                     const HardwareSpec& hardware) {
  if (run.script.empty()) {
    RL_ASSIGN_OR_RETURN(EngineSettings settings,
                        DefaultSettings(run.engine, run.version, run.layout, model.shape));
    // The reference set's recipes pad CUDA graphs; and who serves such prompts without cutting them
    // lets one in beside the decodes.
    settings.pads_graphs = true;
    settings.max_graph_tokens = std::max<int64_t>(settings.max_graph_tokens, 512);
    if (!settings.chunk_prompts) {
      settings.step_token_budget = std::max(settings.step_token_budget,
                                            run.spec.input_tokens.max + settings.max_graph_tokens);
    }
    return settings;
  }
  RL_ASSIGN_OR_RETURN(const LaunchLine line, ParseLaunchLine(run.script));
  const std::string engine =
      run.version.empty() ? line.engine : fmt::format("{}@{}", line.engine, run.version);
  if (!IsNewerThanResolvers(model.shape)) {
    const auto configuration = Configure(engine, model, line.arguments, line.environment, hardware);
    if (configuration.ok()) return configuration->settings;
  }
  // The run was measured, so some version of the engine took the command.
  return SettingsOfResolved(line.engine, run.version,
                            LenientlyResolved(line.engine, line.arguments), model.shape);
}

void AddMetric(std::string name, Banded predicted, double measured, ValidatedRow& row) {
  if (measured <= 0 || predicted.value <= 0) return;
  row.metrics.push_back({.name = std::move(name), .predicted = predicted, .measured = measured});
}

Banded Scaled(Banded banded, double factor) {
  return {banded.value * factor, banded.low * factor, banded.high * factor};
}

ValidatedRow ValidateRun(const MeasuredRun& run, const ValidationOptions& options) {
  ValidatedRow row{.run = run, .reason = run.not_covered};
  if (!row.reason.empty()) return row;
  const auto plan = PlanOfRun(run, options.calibrations);
  if (!plan.ok()) {
    row.reason = plan.status().message();
    return row;
  }
  const auto prediction = Predict((*plan)->plan, run.spec, {.explains = false});
  if (!prediction.ok()) {
    row.reason = prediction.status().message();
    return row;
  }
  row.is_covered = true;
  AddMetric("total_tps", prediction->total_tps, run.total_tps, row);
  AddMetric("ttft", prediction->mean_ttft_ms, run.ttft_ms, row);
  Banded tpot = prediction->mean_tpot_ms;
  if (run.tpot_includes_ttft && tpot.value > 0) {
    const double output = prediction->output_tps.value * prediction->duration_s /
                          static_cast<double>(run.spec.num_requests);
    tpot = Scaled(tpot, prediction->mean_e2e_ms / output / tpot.value);
  }
  AddMetric("tpot", tpot, run.tpot_ms, row);
  return row;
}

json SummaryOfMetric(const std::vector<ValidatedRow>& rows, const std::string& name) {
  std::vector<double> errors;
  std::vector<double> signed_errors;
  size_t held = 0;
  for (const ValidatedRow& row : rows) {
    for (const ValidatedMetric& metric : row.metrics) {
      if (metric.name != name) continue;
      errors.push_back(std::abs(metric.error()));
      signed_errors.push_back(metric.error());
      held += metric.measured >= metric.predicted.low && metric.measured <= metric.predicted.high;
    }
  }
  if (errors.empty()) return nullptr;
  return {{"rows", errors.size()},
          {"median_error", Quantile(errors, 0.5)},
          {"p90_error", Quantile(errors, 0.9)},
          {"median_signed_error", Quantile(signed_errors, 0.5)},
          {"held_by_band", static_cast<double>(held) / static_cast<double>(errors.size())}};
}

json RowToJson(const ValidatedRow& row) {
  json metrics = json::object();
  for (const ValidatedMetric& metric : row.metrics) {
    metrics[metric.name] = {{"predicted", metric.predicted.value},
                            {"low", metric.predicted.low},
                            {"high", metric.predicted.high},
                            {"measured", metric.measured},
                            {"error", metric.error()}};
  }
  json object = {{"name", row.run.name},
                 {"model", row.run.model},
                 {"engine", row.run.engine},
                 {"covered", row.is_covered},
                 {"metrics", std::move(metrics)}};
  if (!row.is_covered) object["reason"] = row.reason;
  return object;
}

}  // namespace

Result<std::unique_ptr<RunPlan>> PlanOfRun(const MeasuredRun& run,
                                           const std::vector<EngineCalibration>* calibrations) {
  auto planned = std::make_unique<RunPlan>();
  RL_ASSIGN_OR_RETURN(planned->hardware, FindHardwareSpec(run.hardware));
  RL_ASSIGN_OR_RETURN(KnownModel model, FindModel(run.model));
  RL_ASSIGN_OR_RETURN(EngineSettings settings, SettingsOfRun(run, model, planned->hardware));
  if (run.weights.has_value()) Quantize(*run.weights, model.shape, &settings);
  planned->shape = std::move(model.shape);
  RL_ASSIGN_OR_RETURN(planned->plan, PlanEngine(settings, {.shape = &planned->shape,
                                                           .hardware = &planned->hardware,
                                                           .calibrations = calibrations}));
  return planned;
}

std::vector<ValidatedRow> Validate(const std::vector<MeasuredRun>& runs,
                                   const ValidationOptions& options) {
  std::vector<ValidatedRow> rows;
  for (const MeasuredRun& run : runs) {
    rows.push_back(ValidateRun(run, options));
    if (options.progress) options.progress(rows.size(), runs.size());
  }
  return rows;
}

json ToJson(const std::vector<ValidatedRow>& rows) {
  json list = json::array();
  size_t covered = 0;
  for (const ValidatedRow& row : rows) {
    list.push_back(RowToJson(row));
    covered += row.is_covered;
  }
  json metrics = json::object();
  for (const char* name : {"total_tps", "ttft", "tpot"}) {
    json summary = SummaryOfMetric(rows, name);
    if (!summary.is_null()) metrics[name] = std::move(summary);
  }
  return {{"rows", std::move(list)},
          {"summary",
           {{"rows", rows.size()},
            {"covered", covered},
            {"coverage",
             rows.empty() ? 0.0 : static_cast<double>(covered) / static_cast<double>(rows.size())},
            {"metrics", std::move(metrics)},
            {"ranking", RankingToJson(rows)}}}};
}

}  // namespace redline::planner
