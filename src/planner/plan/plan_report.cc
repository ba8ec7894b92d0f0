#include "planner/plan/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/strings.h"

namespace redline::planner {
namespace {

std::string NamedVersionOf(const backends::EngineVersion& engine) {
  return fmt::format("{}@{}", engine.resolver->name, engine.version);
}

// All that is told of a configuration beside its outcome.
Status DescribeConfiguration(const PlanRequest& request, const Configurer& configurer,
                             PlannedConfiguration& planned) {
  planned.engine = NamedVersionOf(configurer.engine());
  const backends::ResolveRequest question =
      configurer.RequestOf(planned.arguments, request.environment);
  RL_ASSIGN_OR_RETURN(const Configuration configuration,
                      configurer.Configure(planned.arguments, request.environment));
  planned.rewritten = configuration.resolution.rewritten;
  planned.flags =
      backends::ExplainFlags(*configurer.engine().resolver, question, configuration.resolution);
  RL_ASSIGN_OR_RETURN(EnginePlan plan, PlanEngine(configuration.settings,
                                                  {.shape = &request.model.shape,
                                                   .hardware = &request.hardware,
                                                   .calibrations = request.options.calibrations}));
  planned.ledger = std::move(plan.ledger);
  planned.notes = std::move(plan.notes);
  planned.is_calibrated = plan.calibration.is_own;
  planned.command = configurer.engine().resolver->program(request.model_path);
  planned.command.insert(planned.command.end(), planned.arguments.begin(), planned.arguments.end());
  return OkStatus();
}

// What was given after --, simulated as the search would.
Status PredictGiven(const PlanRequest& request, PlanReport& report) {
  const SearchSubject subject{request.model, request.hardware};
  RL_ASSIGN_OR_RETURN(Configurer configurer, Configurer::Make(request.options.engines.front(),
                                                              request.model, request.hardware));
  RL_ASSIGN_OR_RETURN(Configuration configuration,
                      configurer.Configure(request.arguments, request.environment));
  const std::vector<SearchedEngine> no_engines;
  RL_ASSIGN_OR_RETURN(const Evaluator evaluator,
                      Evaluator::Make(subject, {request.workload}, no_engines, request.options));
  const Candidate candidate{.settings = std::move(configuration.settings)};
  RL_ASSIGN_OR_RETURN(report.winner.outcome, evaluator.InFull(candidate, 0));
  report.winner.arguments = request.arguments;
  return DescribeConfiguration(request, configurer, report.winner);
}

Status SearchAll(const PlanRequest& request, PlanReport& report) {
  const SearchSubject subject{request.model, request.hardware};
  const MonotonicTime begin = MonotonicNow();
  RL_ASSIGN_OR_RETURN(report.search, Search(subject, {request.workload}, request.options));
  report.winner.outcome = report.ranking().ranking.front();
  const Candidate& best = report.winner.outcome.candidate;
  report.winner.arguments = ArgumentsOfOutcome(report, report.winner.outcome);
  RL_RETURN_IF_ERROR(
      DescribeConfiguration(request, report.search->engines[best.space].configurer, report.winner));
  RL_ASSIGN_OR_RETURN(
      const Evaluator evaluator,
      Evaluator::Make(subject, {request.workload}, report.search->engines, request.options));
  auto explanation = Explain(evaluator, 0, report.winner.outcome);
  if (request.options.IsCancelled()) return Status(Code::kCancelled, "the plan was cancelled");
  if (explanation.ok()) {
    report.explanation = std::move(*explanation);
  } else {
    report.no_explanation = explanation.status().message();
  }
  report.seconds = SecondsSince(begin);
  return OkStatus();
}

}  // namespace

Result<PlanReport> MakePlanReport(const PlanRequest& request) {
  PlanReport report{.request = &request};
  RL_RETURN_IF_ERROR(request.is_given ? PredictGiven(request, report) : SearchAll(request, report));
  report.winner.split = SplitOf(report.winner.outcome);
  return report;
}

std::vector<std::string> LaunchCommand(const PlanRequest& request, const SearchedEngine& engine,
                                       const std::vector<std::string>& arguments) {
  std::vector<std::string> command =
      engine.configurer.engine().resolver->program(request.model_path);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string NameOfOutcome(const PlanReport& report, const Outcome& outcome) {
  const SearchSpace& space = report.search->engines[outcome.candidate.space].space;
  return fmt::format("{}: {}", space.engine, Describe(space, outcome.candidate.choice));
}

std::vector<std::string> ArgumentsOfOutcome(const PlanReport& report, const Outcome& outcome) {
  return ArgumentsOf(report.search->engines[outcome.candidate.space].space,
                     outcome.candidate.choice);
}

std::vector<std::string> Caveats(const PlanReport& report) {
  std::vector<std::string> caveats = report.winner.notes;
  if (!report.winner.is_calibrated) {
    caveats.push_back(fmt::format(
        "{} was not measured itself: its calibration is borrowed, so measure before you believe "
        "the order of near neighbours",
        report.winner.engine));
  }
  if (!report.winner.outcome.keeps_slo) {
    caveats.push_back(fmt::format(
        "{} the objectives for {:.0f}% of the requests; the best keeps them for {:.1f}%",
        report.search ? "no configuration keeps" : "it does not keep",
        100 * report.request->options.slo_share, 100 * report.winner.outcome.prediction.slo_share));
  }
  if (report.explanation && report.explanation->gain.low < 1) {
    caveats.push_back(
        "the gain's band holds 1: whether the winner beats the defaults has to be "
        "measured");
  }
  if (!report.search) return caveats;
  const WorkloadRanking& ranking = report.ranking();
  if (ranking.finalists_only) {
    caveats.push_back(fmt::format(
        "all configurations ran the first {} requests of the workload, the best {} ran {}",
        ranking.screened_requests, ranking.num_finalists, ranking.simulated_requests));
  }
  if (ranking.workload.num_requests > ranking.simulated_requests) {
    caveats.push_back(fmt::format("the workload has {} requests, of which {} were simulated",
                                  ranking.workload.num_requests, ranking.simulated_requests));
  }
  return caveats;
}

}  // namespace redline::planner
