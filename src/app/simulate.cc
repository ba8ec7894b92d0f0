// redline simulate: an engine that is not there, on hardware that is not there.
#include <fmt/format.h>

#include "app/bench_flags.h"
#include "app/commands.h"
#include "app/cpu_calibrations.h"
#include "app/environment.h"
#include "app/hardware_choice.h"
#include "app/output.h"
#include "app/simulate_run.h"
#include "app/simulate_serve.h"
#include "base/ids.h"
#include "base/strings.h"

namespace redline::app {
namespace {

constexpr int64_t kMostSeed = int64_t{1} << 53;

Result<planner::TruthOptions> TruthOf(const Arguments& arguments) {
  planner::TruthOptions truth;
  RL_ASSIGN_OR_RETURN(truth.noise, arguments.GetDouble("noise", 0, 0.5));
  if (!arguments.Has("truth-seed")) {
    for (const char* flag : {"noise", "run-seed"}) {
      if (arguments.Has(flag))
        return InvalidArgument(fmt::format("--{} means nothing without --truth-seed", flag), flag);
    }
    return planner::TruthOptions();
  }
  RL_ASSIGN_OR_RETURN(const int64_t truth_seed, arguments.GetInt("truth-seed", 1, kMostSeed));
  truth.truth_seed = static_cast<uint64_t>(truth_seed);
  // Two runs of one machine differ unless they are told not to.
  truth.run_seed = std::hash<std::string>()(RandomToken(16)) % static_cast<uint64_t>(kMostSeed);
  if (arguments.Has("run-seed")) {
    RL_ASSIGN_OR_RETURN(const int64_t run_seed, arguments.GetInt("run-seed", 0, kMostSeed));
    truth.run_seed = static_cast<uint64_t>(run_seed);
  }
  return truth;
}

Status CheckMode(const Arguments& arguments) {
  if (arguments.Has("workload")) {
    return RefuseFlags(arguments, {"host", "port", "speed", "count"},
                       "with --workload, which runs no server");
  }
  return RefuseFlags(arguments,
                     {"scale", "scale-lengths", "concurrency", "rate", "requests", "seed",
                      "requests-file", "output"},
                     "without --workload");
}

// An engine of this machine's CPU, by its calibration.
Status SimulateHere(const Arguments& arguments, const planner::VirtualRequest& request,
                    const planner::TruthOptions& truth) {
  if (!arguments.Has("workload"))
    return Status(Code::kUnimplemented,
                  "an engine of this machine is simulated with --workload alone; the engine itself "
                  "can be served: redline deploy",
                  "workload");
  RL_ASSIGN_OR_RETURN(const CpuEngineResolver resolver, CpuEngineResolver::Make(request.model));
  RL_ASSIGN_OR_RETURN(const CpuEngine engine,
                      resolver.Resolve(request.engine, request.arguments, request.environment));
  RL_ASSIGN_OR_RETURN(const planner::CpuCalibration calibration, LoadCpuCalibration(engine));
  RL_ASSIGN_OR_RETURN(const planner::EnginePlan plan, PlanCpuEngine(engine, calibration));
  return RunSimulation(arguments,
                       {.engine = engine.Name(),
                        .model = engine.entry.name,
                        .hardware = std::string(kThisMachine),
                        .plan = &plan},
                       truth);
}

Status RunSimulate(const Arguments& arguments) {
  planner::VirtualRequest request{.engine = arguments.Get("as"),
                                  .model = arguments.Get("model"),
                                  .hardware = arguments.Get("hardware"),
                                  .arguments = arguments.GetAll("ARG")};
  RL_ASSIGN_OR_RETURN(request.environment, EnvironmentOf(arguments));
  RL_RETURN_IF_ERROR(CheckMode(arguments));
  RL_ASSIGN_OR_RETURN(const planner::TruthOptions truth, TruthOf(arguments));
  if (ToLower(request.hardware) == kThisMachine) return SimulateHere(arguments, request, truth);
  RL_ASSIGN_OR_RETURN(const auto setup, planner::MakeVirtualSetup(request));
  if (!arguments.Has("workload")) return ServeVirtualEngines(arguments, *setup, truth);
  return RunSimulation(arguments,
                       {.engine = setup->engine + "@" + setup->version,
                        .model = setup->model.name,
                        .hardware = planner::FullName(setup->hardware),
                        .plan = &setup->plan},
                       truth);
}

std::vector<Flag> SimulateFlags() {
  return {{"as", "NAME@VERSION", "the engine to stand for", "", {}, /*required=*/true},
          {"model", "NAME", "a model of the catalogue", "", {}, /*required=*/true},
          {"hardware", "GPUxN", "the GPUs (H200x8), or this-machine", "", {}, /*required=*/true},
          {.name = "env",
           .value_name = "K=V",
           .help = "a variable of the engine's environment; may be repeated",
           .default_value = "",
           .repeated = true},
          {"host", "ADDRESS", "address to listen on [the engine's]", ""},
          {"port", "P", "port to listen on; 0: any free one [the engine's]", ""},
          {"speed", "X", "seconds of the engine in a real one", "1"},
          {"count", "N", "engines in this process, on ports P, P+1, ...", "1"},
          {"truth-seed", "S",
           "be a machine that nobody knows: each operation 1/1.3 to 1.3 times as long, by the seed",
           ""},
          {"noise", "X", "with --truth-seed: deviation of a run's speed, and of each step", "0.02"},
          {"run-seed", "S", "with --truth-seed: the noise of this run [another each time]", ""},
          {"workload", "NAME|FILE", "compute what this workload would see, and run no server", ""},
          {"scale", "S", "workload: S times the requests, concurrency and rates", ""},
          {"scale-lengths", "S", "workload: S times the lengths of prompts and answers", ""},
          {"concurrency", "N", "workload: N requests in flight", ""},
          {"rate", "R", "workload: R requests per second, Poisson", ""},
          {"requests", "N", "workload: number of requests", ""},
          {"seed", "S", "workload: decides every request", "1"},
          {"requests-file", "FILE", "workload: write each request as a line of JSON", ""},
          OutputFlag()};
}

}  // namespace

Command SimulateCommand() {
  return {
      .name = "simulate",
      .summary = "an engine that is not there: its predicted timing, as a server or a result",
      .description =
          "Stands for an engine with its own arguments (after --) on hardware that need not be "
          "there: its API, log and metrics, by the clock of the simulator. What that engine would "
          "refuse is refused. With --workload it runs no server and computes what the workload "
          "would see. See docs/simulate.md.",
      .example =
          "redline simulate --as sglang@0.5.6.post2 --model DeepSeek-V3.2 --hardware H200x8 "
          "--port 30000 -- --tp-size 8\n"
          "redline simulate --as vllm@0.13.0 --model DeepSeek-V3.2 --hardware H200x8 "
          "--workload short -- --tensor-parallel-size 8",
      .flags = SimulateFlags(),
      .positionals = {{.name = "ARG",
                       .help = "after --: the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunSimulate};
}

}  // namespace redline::app
