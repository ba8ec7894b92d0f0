#include "app/plan_cpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/bench_flags.h"
#include "app/cpu_calibrations.h"
#include "app/environment.h"
#include "app/hardware_choice.h"
#include "app/output.h"
#include "backends/parameter_schema.h"
#include "base/strings.h"
#include "planner/cpu/cpu_plan.h"
#include "planner/cpu/cpu_policy.h"
#include "planner/predict/prediction.h"
#include "planner/search/search.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr size_t kNumCpuShown = 10;

struct CpuPlanRequest {
  spec::WorkloadSpec workload;
  planner::Goal goal = planner::Goal::kThroughput;
  double slo_share = 0;
  uint64_t seed = 1;
};

// A configuration and what it would do. The simulation's requests are left out.
struct CpuOutcome {
  CpuEngine engine;
  planner::Prediction prediction;
  std::vector<std::string> notes;
  bool keeps_slo = true;
};

struct CpuSearch {
  std::vector<CpuOutcome> ranking;
  std::vector<std::string> missing;  // engines that cannot be planned, and why
  int64_t num_refused = 0;           // configurations that would not start, or fit
};

Status RefuseGpuFlags(const Arguments& arguments) {
  return RefuseFlags(arguments, {"price-per-gpu-hour", "threads", "html", "calibration"},
                     "for a CPU, whose calibrations are in the state folder");
}

Result<CpuPlanRequest> CpuPlanRequestOf(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(RefuseGpuFlags(arguments));
  CpuPlanRequest request;
  RL_ASSIGN_OR_RETURN(request.workload, WorkloadOf(arguments));
  spec::SloClass slo;
  if (arguments.Has("slo-ttft-ms")) {
    RL_ASSIGN_OR_RETURN(slo.ttft_ms, arguments.GetDouble("slo-ttft-ms", 0.1, 1e8));
  }
  if (arguments.Has("slo-tpot-ms")) {
    RL_ASSIGN_OR_RETURN(slo.tpot_ms, arguments.GetDouble("slo-tpot-ms", 0.01, 1e8));
  }
  if (slo.ttft_ms > 0 || slo.tpot_ms > 0) request.workload.slo_classes = {slo};
  RL_ASSIGN_OR_RETURN(request.goal, planner::GoalFromName(arguments.Get("goal")));
  if (request.goal == planner::Goal::kCost)
    return InvalidArgument("a CPU has no price here: --goal is throughput or latency", "goal");
  RL_ASSIGN_OR_RETURN(request.slo_share, arguments.GetDouble("slo-share", 0, 1));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 53));
  request.seed = static_cast<uint64_t>(seed);
  return request;
}

Result<CpuOutcome> OutcomeOnCpu(const CpuPlanRequest& request, CpuEngine engine,
                                const planner::CpuCalibration& calibration) {
  RL_ASSIGN_OR_RETURN(const planner::EnginePlan plan, PlanCpuEngine(engine, calibration));
  CpuOutcome outcome{.engine = std::move(engine), .notes = plan.notes};
  RL_ASSIGN_OR_RETURN(outcome.prediction,
                      planner::Predict(plan, request.workload, {.seed = request.seed}));
  if (outcome.prediction.simulation.num_refused > 0)
    return FailedPrecondition("not every request fits: " + outcome.prediction.simulation.refusal);
  outcome.prediction.simulation.requests = {};
  outcome.keeps_slo = outcome.prediction.slo_share >= request.slo_share;
  return outcome;
}

bool IsBetterOnCpu(const CpuOutcome& left, const CpuOutcome& right, planner::Goal goal) {
  if (left.keeps_slo != right.keeps_slo) return left.keeps_slo;
  return planner::ValueOf(left.prediction, 1, goal) > planner::ValueOf(right.prediction, 1, goal);
}

// All choices of one engine; its reason when it cannot be planned at all.
Status SearchEngineOnCpu(const CpuPlanRequest& request, const CpuEngineResolver& resolver,
                         const std::string& name, CpuSearch& search) {
  RL_ASSIGN_OR_RETURN(const CpuEngine defaults, resolver.Resolve(name, {}, {}));
  RL_ASSIGN_OR_RETURN(const planner::CpuCalibration calibration, LoadCpuCalibration(defaults));
  Status last = FailedPrecondition("it has no configuration");
  bool has_any = false;
  for (const auto& words : planner::CpuChoices(defaults.config.engine)) {
    auto engine = resolver.Resolve(name, words, {});
    auto outcome = engine.ok() ? OutcomeOnCpu(request, std::move(*engine), calibration)
                               : Result<CpuOutcome>(engine.status());
    if (outcome.ok()) {
      search.ranking.push_back(std::move(*outcome));
      has_any = true;
    } else {
      ++search.num_refused;
      last = outcome.status();
    }
  }
  return has_any ? OkStatus() : last;
}

Result<CpuSearch> SearchOnCpu(const CpuPlanRequest& request, const CpuEngineResolver& resolver,
                              const std::vector<std::string>& engines) {
  CpuSearch search;
  for (const std::string& name : engines) {
    const Status status = SearchEngineOnCpu(request, resolver, name, search);
    if (!status.ok()) search.missing.push_back(fmt::format("{}: {}", name, status.message()));
  }
  if (search.ranking.empty())
    return FailedPrecondition("no engine can be planned on this machine: " +
                              Join(search.missing, "; "));
  // Defaults come first in the order of choices: an equal one with more flags stands behind.
  std::stable_sort(search.ranking.begin(), search.ranking.end(),
                   [&](const CpuOutcome& left, const CpuOutcome& right) {
                     return IsBetterOnCpu(left, right, request.goal);
                   });
  return search;
}

// The command that runs it here.
std::string DeployCommandOf(const CpuEngine& engine) {
  std::string line = "redline deploy " + engine.entry.name;
  if (engine.config.engine != "native") {
    line += " --engine " + engine.Name();
    for (const auto& [name, value] : engine.config.environment)
      line += " --env " + ShellWord(name + "=" + value);
    if (!engine.arguments.empty()) line += " --";
    for (const std::string& word : engine.arguments) line += " " + ShellWord(word);
    return line;
  }
  std::vector<std::string> parameters;
  for (const auto& word : engine.arguments) {
    if (!word.starts_with("--")) continue;
    std::string name = word.substr(2, word.find('=') - 2);
    std::replace(name.begin(), name.end(), '-', '_');
    parameters.push_back(name + "=" + backends::FormatValue(engine.config.resolved.at(name)));
  }
  line += " --engine native";
  return parameters.empty() ? line : line + " --set " + Join(parameters, ",");
}

std::vector<std::string> CpuOutcomeCells(std::string place, const CpuOutcome& outcome) {
  const planner::Prediction& prediction = outcome.prediction;
  const std::string words =
      outcome.engine.arguments.empty() ? "defaults" : Join(outcome.engine.arguments, " ");
  return {std::move(place),
          outcome.engine.Name() + ": " + words,
          fmt::format("{:.0f} ({:.0f} to {:.0f})", prediction.total_tps.value,
                      prediction.total_tps.low, prediction.total_tps.high),
          fmt::format("{:.1f}", prediction.mean_ttft_ms.value),
          fmt::format("{:.1f}", prediction.mean_tpot_ms.value),
          fmt::format("{:.0f}%", 100 * prediction.slo_share)};
}

// The first ten whose figures differ, and each engine's best and defaults.
std::vector<size_t> CpuPlacesShown(const CpuSearch& search) {
  std::vector<size_t> places;
  std::vector<std::string> engines;
  std::optional<double> last;
  for (size_t place = 0; place < search.ranking.size(); ++place) {
    const CpuOutcome& outcome = search.ranking[place];
    const double figure = outcome.prediction.total_tps.value;
    const std::string& engine = outcome.engine.config.engine;
    const bool is_new = std::find(engines.begin(), engines.end(), engine) == engines.end();
    if (is_new) engines.push_back(engine);
    const bool differs = !last || *last != figure;
    last = figure;
    if (is_new || outcome.engine.arguments.empty() || (differs && places.size() < kNumCpuShown))
      places.push_back(place);
  }
  return places;
}

json CpuOutcomeJson(const CpuOutcome& outcome) {
  return {{"engine", outcome.engine.Name()},
          {"arguments", outcome.engine.arguments},
          {"resolved", spec::ToJson(outcome.engine.config.resolved)},
          {"command", DeployCommandOf(outcome.engine)},
          {"keeps_slo", outcome.keeps_slo},
          {"prediction", planner::ToJson(outcome.prediction)},
          {"notes", outcome.notes}};
}

std::string CpuSecondsTable(const planner::Prediction& prediction) {
  std::vector<std::vector<std::string>> rows;
  for (size_t index = 0; index < planner::kNumOperations; ++index) {
    const double seconds = prediction.seconds.seconds[index];
    if (seconds > 0)
      rows.push_back({std::string(planner::NameOf(static_cast<planner::Operation>(index))),
                      fmt::format("{:.2f}", seconds),
                      fmt::format("{:.1f}%", 100 * seconds / prediction.duration_s)});
  }
  return FormatTable({"WHERE THE TIME GOES", "SECONDS", "SHARE"}, rows);
}

void PrintCpuWinner(const CpuOutcome& outcome) {
  fmt::print("\n  {}\n\n{}", DeployCommandOf(outcome.engine), CpuSecondsTable(outcome.prediction));
  for (const std::string& note : outcome.notes) fmt::print("note: {}\n", EscapeControl(note));
}

const std::vector<std::string> kCpuHeader = {"",        "CONFIGURATION", "TOKENS/S (BAND)",
                                             "TTFT ms", "TPOT ms",       "SLO"};

Status PlanGivenOnCpu(const Arguments& arguments, const CpuPlanRequest& request,
                      const CpuEngineResolver& resolver,
                      const std::map<std::string, std::string>& environment) {
  RL_ASSIGN_OR_RETURN(CpuEngine engine, resolver.Resolve(arguments.Get("engine"),
                                                         arguments.GetAll("ARG"), environment));
  engine.config.environment = environment;
  RL_ASSIGN_OR_RETURN(const planner::CpuCalibration calibration, LoadCpuCalibration(engine));
  RL_ASSIGN_OR_RETURN(const CpuOutcome outcome,
                      OutcomeOnCpu(request, std::move(engine), calibration));
  const json document = {{"model", resolver.entry().name},
                         {"hardware", kThisMachine},
                         {"workload", json::parse(spec::ToJson(request.workload))},
                         {"configuration", CpuOutcomeJson(outcome)}};
  if (PrintedForPrograms(arguments, document)) return OkStatus();
  fmt::print("{}", FormatTable(kCpuHeader, {CpuOutcomeCells("", outcome)}));
  PrintCpuWinner(outcome);
  return OkStatus();
}

Status PlanSearchOnCpu(const Arguments& arguments, const CpuPlanRequest& request,
                       const CpuEngineResolver& resolver) {
  std::vector<std::string> engines = arguments.GetAll("engine");
  if (engines.empty()) {
    for (const std::string_view name : planner::CpuEngines()) engines.emplace_back(name);
  }
  RL_ASSIGN_OR_RETURN(const CpuSearch search, SearchOnCpu(request, resolver, engines));
  const std::vector<size_t> places = CpuPlacesShown(search);
  json ranking = json::array();
  std::vector<std::vector<std::string>> rows;
  for (const size_t place : places) {
    ranking.push_back(CpuOutcomeJson(search.ranking[place]));
    rows.push_back(CpuOutcomeCells(std::to_string(place + 1), search.ranking[place]));
  }
  const json document = {{"model", resolver.entry().name},
                         {"hardware", kThisMachine},
                         {"workload", json::parse(spec::ToJson(request.workload))},
                         {"goal", planner::NameOf(request.goal)},
                         {"winner", CpuOutcomeJson(search.ranking.front())},
                         {"ranking", std::move(ranking)},
                         {"simulated", search.ranking.size()},
                         {"refused", search.num_refused},
                         {"not_planned", search.missing}};
  if (PrintedForPrograms(arguments, document)) return OkStatus();
  fmt::print("{} on this machine, {}, by {}: {} configurations, {} refused\n\n{}",
             resolver.entry().name, request.workload.name, planner::NameOf(request.goal),
             search.ranking.size(), search.num_refused, FormatTable(kCpuHeader, rows));
  PrintCpuWinner(search.ranking.front());
  for (const std::string& missing : search.missing)
    fmt::print("note: not planned: {}\n", EscapeControl(missing));
  return OkStatus();
}

}  // namespace

bool IsForCpu(const Arguments& arguments) {
  return ToLower(arguments.Get("hardware")) == kThisMachine;
}

Status RunCpuPlan(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const CpuPlanRequest request, CpuPlanRequestOf(arguments));
  RL_ASSIGN_OR_RETURN(const auto environment, EnvironmentOf(arguments));
  RL_ASSIGN_OR_RETURN(const CpuEngineResolver resolver,
                      CpuEngineResolver::Make(arguments.Get("MODEL")));
  if (arguments.GetAll("ARG").empty()) {
    if (!environment.empty())
      return InvalidArgument("--env belongs to a configuration of one's own: give it after --",
                             "env");
    return PlanSearchOnCpu(arguments, request, resolver);
  }
  if (arguments.GetAll("engine").size() != 1)
    return InvalidArgument(
        "arguments after -- need the one engine that they are for; for example: --engine native "
        "-- --max-running-requests 8",
        "engine");
  return PlanGivenOnCpu(arguments, request, resolver, environment);
}

}  // namespace redline::app
