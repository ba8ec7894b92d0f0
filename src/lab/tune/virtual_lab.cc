#include "lab/tune/virtual_lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "lab/simulated/simulated_measurement.h"
#include "lab/tune/guard_asker.h"
#include "lab/tune/run_figures.h"
#include "planner/search/search.h"
#include "planner/virtual/virtual_server.h"
#include "planner/virtual/virtual_setup.h"
#include "workload/random.h"

namespace redline::lab {
namespace {

constexpr double kWrongSpeed = 2;  // of what answers wrongly
constexpr double kAnswerSeconds = 30;
constexpr double kGuardSeconds = 20;  // that the questions take, on paper
constexpr double kGuardEngineSpeed = 1e4;

uint64_t SeedOf(uint64_t seed, const std::string& text) {
  // FNV-1a: the same on every machine, which std::hash is not.
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return workload::Mix(seed ^ hash);
}

}  // namespace

Result<PlantedFault> PlantedFaultFromText(const std::string& text) {
  const size_t colon = text.find(':');
  PlantedFault planted;
  if (colon != std::string::npos) {
    const auto fault = TrialFaultFromName(text.substr(0, colon));
    if (fault.ok()) planted.fault = *fault;
    for (const std::string& word : Split(text.substr(colon + 1), ' ')) {
      if (!word.empty()) planted.words.push_back(word);
    }
  }
  constexpr std::array kMay = {TrialFault::kWrongAnswers, TrialFault::kCrashedAtLoad,
                               TrialFault::kHungAtLoad, TrialFault::kCrashedInRun};
  if (planted.words.empty() || std::find(kMay.begin(), kMay.end(), planted.fault) == kMay.end()) {
    return InvalidArgument(
        fmt::format("--plant \"{}\" must be FAULT:WORDS, FAULT one of wrong_answers, "
                    "crashed_at_load, hung_at_load, crashed_in_run; for example "
                    "--plant \"wrong_answers:--kv-cache-dtype fp8_e4m3\"",
                    Excerpt(text)),
        "plant");
  }
  return planted;
}

VirtualLab::VirtualLab(const planner::KnownModel& model, const planner::HardwareSpec& hardware,
                       VirtualLabOptions options)
    : model_(model), hardware_(hardware), options_(std::move(options)) {}

Result<const planner::Configurer*> VirtualLab::ConfigurerOf(const std::string& engine) {
  if (const auto found = configurers_.find(engine); found != configurers_.end())
    return &found->second;
  RL_ASSIGN_OR_RETURN(planner::Configurer configurer,
                      planner::Configurer::Make(engine, model_, hardware_));
  return &configurers_.emplace(engine, std::move(configurer)).first->second;
}

Result<const VirtualLab::Planned*> VirtualLab::PlanOf(const TuneConfiguration& configuration) {
  auto found = plans_.find(configuration);
  if (found == plans_.end()) {
    const auto make = [&]() -> Result<Planned> {
      RL_ASSIGN_OR_RETURN(const planner::Configurer* configurer,
                          ConfigurerOf(configuration.engine));
      RL_ASSIGN_OR_RETURN(
          planner::Configuration resolved,
          configurer->Configure(configuration.arguments, configuration.environment));
      nlohmann::json fields = resolved.resolution.resolved;
      // Drawn anew at each start.
      for (const char* drawn : {"random_seed", "seed"}) fields.erase(drawn);
      RL_ASSIGN_OR_RETURN(planner::EnginePlan plan,
                          planner::PlanEngine(resolved.settings, {.shape = &model_.shape,
                                                                  .hardware = &hardware_,
                                                                  .cost_cache = &costs_}));
      return Planned{.resolved = fields.dump(),
                     .notes = resolved.resolution.warnings,
                     .plan = std::move(plan)};
    };
    found = plans_.emplace(configuration, make()).first;
  }
  if (!found->second.ok()) return found->second.status();
  return &*found->second;
}

Result<Checked> VirtualLab::Check(const TuneConfiguration& configuration) {
  Checked checked;
  const auto planned = PlanOf(configuration);
  if (planned.ok()) {
    checked.resolved = (*planned)->resolved;
    checked.notes = (*planned)->notes;
    return checked;
  }
  // The resolver's refusal and the ledger's arithmetic come with the same code; only the second
  // speaks of bytes that do not fit.
  const auto configurer = ConfigurerOf(configuration.engine);
  const bool resolves =
      configurer.ok() &&
      (*configurer)->Configure(configuration.arguments, configuration.environment).ok();
  checked.fault = resolves ? TrialFault::kDoesNotFit : TrialFault::kRefused;
  checked.reason = planned.status().message();
  return checked;
}

Result<std::optional<Forecast>> VirtualLab::Predict(const TuneConfiguration& configuration) {
  const auto planned = PlanOf(configuration);
  if (!planned.ok()) return std::optional<Forecast>();
  return ForecastOf((*planned)->plan, options_.workload, options_.goal);
}

TrialFault VirtualLab::PlantedIn(const TuneConfiguration& configuration) const {
  const auto has = [&](const std::string& word) {
    return std::find(configuration.arguments.begin(), configuration.arguments.end(), word) !=
           configuration.arguments.end();
  };
  for (const PlantedFault& planted : options_.planted) {
    if (std::all_of(planted.words.begin(), planted.words.end(), has)) return planted.fault;
  }
  return TrialFault::kNone;
}

Result<std::map<std::string, double>> VirtualLab::Simulate(
    const Planned& planned, const spec::WorkloadSpec& workload, uint64_t seed,
    const planner::TruthOptions& truth) const {
  const planner::TruthCost cost(*planned.plan.cost, truth);
  RL_ASSIGN_OR_RETURN(
      const planner::Prediction prediction,
      planner::Predict(planned.plan, workload, {.seed = seed, .explains = false, .cost = &cost}));
  return FiguresOf(MeasureSimulation({.target = "virtual",
                                      .model = model_.name,
                                      .workload = workload,
                                      .plan = planned.plan,
                                      .refusal = prediction.simulation.refusal},
                                     RecordsOf(planned.plan, prediction)));
}

Result<TrialRun> VirtualLab::Measure(const TuneConfiguration& configuration,
                                     const RunOrder& order) {
  TrialRun run;
  const std::string key = TextOf(configuration);
  if (up_ != key) run.start_seconds = run.seconds = options_.start_seconds;
  up_ = key;
  const TrialFault fault = PlantedIn(configuration);
  if (fault != TrialFault::kNone && fault != TrialFault::kWrongAnswers) {
    up_.clear();
    run.fault = fault;
    run.reason = "planted for the rehearsal";
    return run;
  }
  const auto planned = PlanOf(configuration);
  if (!planned.ok()) {
    run.fault = TrialFault::kRefused;
    run.reason = planned.status().message();
    return run;
  }
  planner::TruthOptions truth = options_.truth;
  truth.run_seed = SeedOf(order.seed + (order.is_short ? uint64_t{1} << 32 : 0), key);
  auto figures =
      Simulate(**planned, order.is_short ? ShortOf(options_.workload) : options_.workload,
               order.seed, truth);
  if (!figures.ok()) {
    run.fault = TrialFault::kInvalid;
    run.reason = figures.status().message();
    return run;
  }
  run.figures = std::move(*figures);
  if (fault == TrialFault::kWrongAnswers) {
    for (auto& [name, value] : run.figures)
      value = name.ends_with("_tps") ? value * kWrongSpeed : value / kWrongSpeed;
  }
  run.seconds += run.figures["duration_s"];
  return run;
}

Result<GuardRun> VirtualLab::Answer(const TuneConfiguration& configuration) {
  GuardRun run{.seconds = kGuardSeconds};
  const auto refuse = [&](const Status& status) {
    run.fault = TrialFault::kInvalid;
    run.reason = status.message();
    return run;
  };
  const auto setup = planner::MakeVirtualSetup({.engine = configuration.engine,
                                                .model = model_.name,
                                                .hardware = planner::FullName(hardware_),
                                                .arguments = configuration.arguments,
                                                .environment = configuration.environment});
  if (!setup.ok()) return refuse(setup.status());
  planner::VirtualDriver driver(kGuardEngineSpeed);
  const auto server = planner::VirtualServer::Start(**setup, driver, {});
  if (!server.ok()) return refuse(server.status());
  auto answers = AskGuardPrompts(fmt::format("http://127.0.0.1:{}", (*server)->port()),
                                 (*setup)->front_end.served_name, kAnswerSeconds, nullptr);
  driver.Stop();
  if (!answers.ok()) return refuse(answers.status());
  run.answers = std::move(*answers);
  if (PlantedIn(configuration) == TrialFault::kWrongAnswers) {
    for (GuardAnswer& answer : run.answers) {
      answer.text = "!" + answer.text;
      answer.tokens.clear();
    }
  }
  return run;
}

Result<double> VirtualLab::TrueValue(const TuneConfiguration& configuration) {
  RL_ASSIGN_OR_RETURN(const Planned* planned, PlanOf(configuration));
  planner::TruthOptions truth = options_.truth;
  truth.noise = 0;
  const planner::TruthCost cost(*planned->plan.cost, truth);
  RL_ASSIGN_OR_RETURN(
      const planner::Prediction prediction,
      planner::Predict(planned->plan, options_.workload, {.explains = false, .cost = &cost}));
  return options_.goal == TuneGoal::kThroughput ? prediction.total_tps.value
                                                : 1000 / prediction.mean_e2e_ms;
}

}  // namespace redline::lab
