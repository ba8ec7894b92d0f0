#include "app/profile_reproduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/engine_lab.h"
#include "app/interrupt.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/this_node.h"
#include "backends/backend.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "lab/tune/duel_rounds.h"
#include "platform/agent/node_share.h"
#include "platform/layout.h"
#include "spec/workload_spec.h"

namespace redline::app {
namespace {

using nlohmann::json;

// What is measured against what.
struct ReproducePlan {
  spec::WorkloadSpec workload;
  lab::TuneConfiguration baseline;
  lab::TuneConfiguration winner;
  lab::TuneGoal goal = lab::TuneGoal::kThroughput;
  lab::DuelRules rules;
  PublishedRatio published;
};

double FigureOf(const spec::Evidence& evidence, const char* name, double otherwise) {
  const auto found = evidence.figures.find(name);
  if (found == evidence.figures.end()) return otherwise;
  if (const auto* number = std::get_if<double>(&found->second)) return *number;
  if (const auto* whole = std::get_if<int64_t>(&found->second)) return static_cast<double>(*whole);
  return otherwise;
}

// As the lab starts it: the native engine's parameters are flags there, too.
lab::TuneConfiguration ConfigurationOf(const spec::EngineConfig& config) {
  lab::TuneConfiguration configuration{
      .engine = config.engine, .arguments = config.arguments, .environment = config.environment};
  if (!config.version.empty()) configuration.engine += "@" + config.version;
  for (const auto& [name, value] : config.requested) {
    const bool* is_on = std::get_if<bool>(&value);
    if (is_on != nullptr && !*is_on) continue;
    configuration.arguments.push_back(backends::FlagName(name));
    if (is_on == nullptr) configuration.arguments.push_back(backends::FormatValue(value));
  }
  return configuration;
}

Status CheckCanBeReproduced(const spec::Profile& profile) {
  const spec::Evidence& evidence = profile.evidence;
  if (evidence.kind == spec::Evidence::Kind::kNone)
    return FailedPrecondition(
        fmt::format("profile {} has no evidence: there is nothing to reproduce", profile.name));
  if (evidence.kind == spec::Evidence::Kind::kPredicted)
    return FailedPrecondition(
        fmt::format("the evidence of profile {} is predicted: nothing was measured. It is computed "
                    "again by: {}",
                    profile.name, evidence.command.empty() ? "redline plan" : evidence.command));
  if (evidence.workload.empty() || evidence.baseline.engine.empty())
    return FailedPrecondition(fmt::format(
        "the evidence of profile {} does not say which workload and baseline were run: only that "
        "of redline tune does. Its source: {}",
        profile.name, Excerpt(evidence.source, 200)));
  return OkStatus();
}

Result<ReproducePlan> PlanOf(const Arguments& arguments, const spec::Profile& profile) {
  RL_RETURN_IF_ERROR(CheckCanBeReproduced(profile));
  const spec::Evidence& evidence = profile.evidence;
  ReproducePlan plan{.baseline = ConfigurationOf(evidence.baseline),
                     .winner = ConfigurationOf(profile.engine)};
  auto workload = spec::WorkloadFromJson(evidence.workload);
  if (!workload.ok()) return workload.status().WithContext("evidence.workload");
  plan.workload = std::move(workload).value();
  RL_ASSIGN_OR_RETURN(plan.goal,
                      lab::TuneGoalFromName(evidence.goal.empty() ? "throughput" : evidence.goal));
  plan.published = {FigureOf(evidence, "ratio_low", 0), FigureOf(evidence, "ratio_high", 0)};
  plan.rules.confidence = FigureOf(evidence, "ratio_confidence", 0.95);
  int64_t rounds =
      static_cast<int64_t>(std::clamp(FigureOf(evidence, "ratio_rounds", 5), 3., 100.));
  if (arguments.Has("rounds")) {
    RL_ASSIGN_OR_RETURN(rounds, arguments.GetInt("rounds", 3, 100));
  }
  plan.rules.least_rounds = rounds;
  plan.rules.most_rounds = rounds;
  plan.rules.stops_early = false;
  return plan;
}

json JsonOf(const ReproducePlan& plan, const spec::Profile& profile) {
  return {{"baseline", lab::TextOf(plan.baseline)},
          {"winner", lab::TextOf(plan.winner)},
          {"workload", json::parse(spec::ToJson(plan.workload))},
          {"goal", lab::NameOf(plan.goal)},
          {"rounds", plan.rules.most_rounds},
          {"confidence", plan.rules.confidence},
          {"published", {{"low", plan.published.low}, {"high", plan.published.high}}},
          {"command", profile.evidence.command}};
}

Result<EngineLabOptions> LabOptionsOf(const Arguments& arguments, const ReproducePlan& plan,
                                      const platform::CatalogEntry& entry) {
  RL_ASSIGN_OR_RETURN(CpuEngineResolver resolver, CpuEngineResolver::Make(entry.name));
  EngineLabOptions options{.resolver = std::move(resolver),
                           .workload = plan.workload,
                           .goal = plan.goal,
                           .folder = std::filesystem::absolute(arguments.Get("report")),
                           .cache_dir = platform::DefaultCacheDir(),
                           .self = SelfExecutable().string(),
                           .stop = &StopOnInterrupt(),
                           .free_port = platform::FreeLoopbackPort};
  if (arguments.Has("cache-dir")) options.cache_dir = arguments.Get("cache-dir");
  RL_ASSIGN_OR_RETURN(options.start_timeout_seconds,
                      arguments.GetDouble("start-timeout", 0.1, 86400));
  RL_RETURN_IF_ERROR(MakeDirectories(options.folder));
  return options;
}

Result<lab::DuelResult> Measure(const Arguments& arguments, const ReproducePlan& plan,
                                const platform::CatalogEntry& entry) {
  RL_ASSIGN_OR_RETURN(EngineLabOptions options, LabOptionsOf(arguments, plan, entry));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 40));
  EngineLab lab(std::move(options));
  ProgressLine progress;
  auto next_seed = static_cast<uint64_t>(seed);
  int64_t num_runs = 0;
  return lab::RunDuel(
      plan.rules, plan.goal,
      {.next_seed = [&] { return next_seed++; },
       .measure =
           [&](lab::DuelSide side, const lab::RunOrder& order) {
             const bool is_winner = side == lab::DuelSide::kChallenger;
             progress.Show("measuring",
                           fmt::format(" {}: run {} of {}", is_winner ? "profile" : "baseline",
                                       ++num_runs, 2 * plan.rules.most_rounds));
             return lab.Measure(is_winner ? plan.winner : plan.baseline, order);
           },
       .is_out_of_time = [] { return false; }});
}

void PrintOutcome(const ReproducePlan& plan, const lab::DuelResult& duel,
                  const Reproduction& outcome) {
  fmt::print("profile:   {}\nbaseline:  {}\n", lab::TextOf(plan.winner),
             lab::TextOf(plan.baseline));
  fmt::print("published: {:.2f} to {:.2f}\nnow:       {}\n{}: {}\n", plan.published.low,
             plan.published.high, lab::RatioText(duel),
             outcome.is_reproduced ? "REPRODUCED" : "NOT REPRODUCED", outcome.reason);
}

}  // namespace

Reproduction JudgeReproduction(const PublishedRatio& published, const lab::DuelResult& duel) {
  if (duel.verdict == lab::DuelVerdict::kFault)
    return {false, fmt::format("the {} gave no figures: {}",
                               duel.incumbent_failed ? "baseline" : "profile", duel.reason)};
  if (duel.low == 0 && duel.high == 0) return {false, "there is no interval: " + duel.reason};
  const std::string now = fmt::format("{:.2f} to {:.2f}", duel.low, duel.high);
  const std::string then = fmt::format("{:.2f} to {:.2f}", published.low, published.high);
  if (duel.low > published.high || duel.high < published.low)
    return {false, fmt::format("{} and the published {} have nothing in common", now, then)};
  if (duel.verdict != lab::DuelVerdict::kBetter)
    return {false,
            fmt::format("{} does not show that the profile is better (published: {})", now, then)};
  return {true, fmt::format("better again, and {} overlaps the published {}", now, then)};
}

Status ReproduceProfile(const Arguments& arguments, const platform::CatalogEntry& entry,
                        const spec::Profile& profile) {
  RL_ASSIGN_OR_RETURN(const ReproducePlan plan, PlanOf(arguments, profile));
  json document = JsonOf(plan, profile);
  if (arguments.Has("dry-run")) {
    if (!PrintedForPrograms(arguments, document))
      fmt::print(
          "{}\nagain, of that the last comparison:\nbaseline: {}\nprofile:  {}\n{} rounds in turns "
          "of {}\n",
          EscapeControl(profile.evidence.command), lab::TextOf(plan.baseline),
          lab::TextOf(plan.winner), plan.rules.most_rounds, plan.workload.name);
    return OkStatus();
  }
  const platform::Node node = ThisNode();
  const std::string mismatch =
      platform::HardwareMismatch(profile.hardware, node.HardwareFor(profile.hardware.device));
  if (!mismatch.empty() && !arguments.Has("force"))
    return FailedPrecondition(fmt::format(
        "profile {} {}; with --force it is measured here all the same", profile.name, mismatch));
  for (const std::string& reason : profile.evidence.stale)
    fmt::print(stderr, "note: {}\n", EscapeControl(reason));
  RL_ASSIGN_OR_RETURN(const lab::DuelResult duel, Measure(arguments, plan, entry));
  const Reproduction outcome = JudgeReproduction(plan.published, duel);
  document.update({{"reproduced", outcome.is_reproduced},
                   {"reason", outcome.reason},
                   {"ratio", duel.ratio},
                   {"low", duel.low},
                   {"high", duel.high},
                   {"baseline_values", duel.incumbent},
                   {"winner_values", duel.challenger}});
  if (!PrintedForPrograms(arguments, document)) PrintOutcome(plan, duel, outcome);
  if (outcome.is_reproduced) return OkStatus();
  return Internal(fmt::format("not reproduced: {}", outcome.reason));
}

}  // namespace redline::app
