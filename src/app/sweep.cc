#include "lab/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "app/bench_flags.h"
#include "app/bench_output.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/output.h"
#include "lab/bench/bench.h"
#include "lab/sweep/sweep_folder.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::vector<Flag> SweepFlags() {
  std::vector<Flag> flags = BenchFlags();
  std::erase_if(flags, [](const Flag& flag) {
    return flag.name == "concurrency" || flag.name == "rate" || flag.name == "no-warm-up";
  });
  flags.push_back({.name = "slo",
                   .value_name = "FIGURE<=LIMIT",
                   .help = "find the highest rate that keeps this; may be given several times",
                   .repeated = true});
  flags.push_back({"max-concurrency", "N", "end of the ladder", "256"});
  flags.push_back({"report-dir", "DIR", "keeps every point, so that a sweep goes on where it was",
                   "redline-sweep"});
  flags.push_back(OutputFlag());
  return flags;
}

// What makes two sweeps the same.
std::string WhatIsSwept(const lab::BenchOptions& options) {
  return json{{"url", options.url},
              {"model", options.model},
              {"workload", json::parse(spec::ToJson(options.workload))},
              {"seed", options.seed},
              {"prompts", "of each point"},  // points of earlier versions shared theirs
              {"repeats", options.num_repeats},
              {"extra", options.extra_json},
              {"stream", options.stream}}
      .dump(2);
}

void SetLoad(const lab::SweepPoint& point, spec::WorkloadSpec& workload) {
  workload.arrivals = {};
  workload.concurrency = point.concurrency;
  if (point.rate <= 0) return;
  workload.arrivals.process = spec::ArrivalSpec::Process::kPoisson;
  workload.arrivals.rate = point.rate;
}

Result<lab::Measurement> MeasureOrFind(const lab::SweepPoint& point, lab::BenchOptions options,
                                       const lab::SweepFolder& folder) {
  RL_ASSIGN_OR_RETURN(auto known, folder.Find(point.name));
  if (known && lab::WasAnswered(*known) && point.attempt == 1) return std::move(*known);
  SetLoad(point, options.workload);
  options.seed = lab::SeedOf(point, options.seed);
  options.command_line += " # " + point.name;
  const std::atomic<bool>& stop = *options.stop;
  RL_ASSIGN_OR_RETURN(lab::Measurement measurement, lab::RunBench(std::move(options)));
  if (stop) return Status(Code::kCancelled, "stopped");
  if (lab::WasAnswered(measurement)) RL_RETURN_IF_ERROR(folder.Save(point.name, measurement));
  return measurement;
}

Result<std::vector<lab::Objective>> ObjectivesOf(const Arguments& arguments) {
  std::vector<lab::Objective> objectives;
  for (const std::string& text : arguments.GetAll("slo")) {
    RL_ASSIGN_OR_RETURN(lab::Objective objective, lab::ObjectiveFromText(text));
    objectives.push_back(std::move(objective));
  }
  return objectives;
}

Status RunSweepCommand(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const auto objectives, ObjectivesOf(arguments));
  lab::SweepLimits limits;
  RL_ASSIGN_OR_RETURN(limits.most_concurrency, arguments.GetInt("max-concurrency", 1, 1 << 20));
  RL_ASSIGN_OR_RETURN(lab::BenchOptions options, BenchOptionsOf(arguments));
  // More places than requests change nothing.
  if (options.workload.num_requests > 0)
    limits.most_concurrency = std::min(limits.most_concurrency, options.workload.num_requests);
  RL_ASSIGN_OR_RETURN(const lab::SweepFolder folder,
                      lab::SweepFolder::Open(arguments.Get("report-dir"), WhatIsSwept(options)));
  const std::atomic<bool>& interrupted = StopOnInterrupt();
  BenchView view(options);
  options.stop = &interrupted;
  options.on_progress = [&](const lab::BenchProgress& progress) { view.Show(progress); };
  options.command_line = CommandLineOf("sweep", arguments, SweepFlags());
  RL_ASSIGN_OR_RETURN(const lab::SweepResult result,
                      lab::RunSweep(objectives, limits, [&](const lab::SweepPoint& point) {
                        view.Begin(point.name);
                        return MeasureOrFind(point, options, folder);
                      }));
  view.Clear();
  return Show(arguments, result);
}

}  // namespace

Command SweepCommand() {
  return {.name = "sweep",
          .summary = "find what load a server can take",
          .description =
              "Doubles the concurrency until throughput no longer grows and tells saturation and "
              "knee; with --slo also searches the highest rate that keeps it. Each point is kept "
              "in --report-dir: a sweep that was stopped goes on with the same command.",
          .example = "redline sweep --workload short --scale 0.1 --slo 'ttft_ms.p99<=2000'",
          .flags = SweepFlags(),
          .run = RunSweepCommand};
}

}  // namespace redline::app
