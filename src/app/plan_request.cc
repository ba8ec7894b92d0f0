#include "app/plan_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "app/bench_flags.h"
#include "app/environment.h"
#include "app/gguf_model.h"
#include "app/hardware_choice.h"
#include "app/output.h"
#include "base/files.h"
#include "base/strings.h"

namespace redline::app {
namespace {

bool IsFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// GGUFs besides what every plan knows.
Result<planner::KnownModel> ModelOf(const std::string& name) {
  if (name.ends_with(".gguf") && IsFile(name)) return ModelOfGguf(name);
  RL_ASSIGN_OR_RETURN(auto of_library, GgufOfLibrary(name));
  if (of_library) return *std::move(of_library);
  return planner::ModelOfPlan(name);
}

Result<planner::HardwareSpec> HardwareOf(const Arguments& arguments) {
  const std::string name = arguments.Get("hardware");
  if (name.empty()) {
    return InvalidArgument("--hardware is needed; for example: --hardware h200x8", "hardware");
  }
  auto hardware = ChosenHardware(name);
  if (hardware.ok()) RL_RETURN_IF_ERROR(planner::CheckOneNode(*hardware, name));
  return hardware;
}

Result<double> NumberOf(const Arguments& arguments, const char* flag, planner::NumberRange range) {
  return arguments.GetDouble(flag, range.low, range.high);
}

Result<spec::WorkloadSpec> PlannedWorkloadOf(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(spec::WorkloadSpec workload, WorkloadOf(arguments));
  double ttft_ms = 0;
  double tpot_ms = 0;
  if (arguments.Has("slo-ttft-ms")) {
    RL_ASSIGN_OR_RETURN(ttft_ms, NumberOf(arguments, "slo-ttft-ms", planner::kSloTtftMs));
  }
  if (arguments.Has("slo-tpot-ms")) {
    RL_ASSIGN_OR_RETURN(tpot_ms, NumberOf(arguments, "slo-tpot-ms", planner::kSloTpotMs));
  }
  planner::SetObjectives(ttft_ms, tpot_ms, workload);
  return workload;
}

Result<planner::SearchOptions> SearchOptionsOf(const Arguments& arguments) {
  planner::SearchOptions options;
  options.engines = arguments.GetAll("engine");
  RL_ASSIGN_OR_RETURN(options.goal, planner::GoalFromName(arguments.Get("goal")));
  RL_ASSIGN_OR_RETURN(options.slo_share, NumberOf(arguments, "slo-share", planner::kSloShare));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, planner::kMostSeed));
  options.seed = static_cast<uint64_t>(seed);
  options.num_threads = std::max(std::thread::hardware_concurrency(), 1U);
  if (arguments.Has("threads")) {
    RL_ASSIGN_OR_RETURN(const int64_t threads, arguments.GetInt("threads", 1, 256));
    options.num_threads = static_cast<size_t>(threads);
  }
  if (arguments.Has("price-per-gpu-hour")) {
    RL_ASSIGN_OR_RETURN(options.usd_per_gpu_hour,
                        NumberOf(arguments, "price-per-gpu-hour", planner::kUsdPerGpuHour));
  }
  return options;
}

}  // namespace

std::vector<Flag> PlanFlags() {
  return {
      {"hardware", "NAME|FILE",
       "device and count (h200x8), a YAML file as in hardware/, or this-machine", ""},
      {"workload", "NAME|FILE",
       "sharegpt, short, medium, long, verylong, generation, or a YAML or JSON file", "sharegpt"},
      {"concurrency", "N", "closed loop: N requests in flight", ""},
      {"rate", "R", "open loop: R requests per second, Poisson", ""},
      {"requests", "N", "number of requests", ""},
      {"scale", "S", "S times the requests, concurrency and rates", ""},
      {"scale-lengths", "S", "S times the lengths of prompts and answers", ""},
      {"goal",
       "GOAL",
       "what is best: most tokens a second, least mean time of a request, most tokens a second "
       "of each GPU",
       "throughput",
       {"throughput", "latency", "cost"}},
      {"slo-ttft-ms", "MS", "objective: time to the first token", ""},
      {"slo-tpot-ms", "MS", "objective: time per output token", ""},
      {"slo-share", "SHARE", "of the requests that must keep the objectives", "0.9"},
      {.name = "engine",
       .value_name = "NAME[@VERSION]",
       .help = "search these engines alone; with -- ARGS: predict that configuration [all]",
       .default_value = "",
       .repeated = true},
      {.name = "env",
       .value_name = "KEY=VALUE",
       .help = "with -- ARGS: a variable of the engine's environment",
       .default_value = "",
       .repeated = true},
      {"price-per-gpu-hour", "USD", "for costs [a list price, where one is known]", ""},
      {"seed", "S", "decides every request", "1"},
      {"threads", "N", "threads of the search [one for each core]", ""},
      {"html", "FILE", "write a report with plots, too", ""},
      OutputFlag(),
      {"calibration", "FILE", "calibrations of engines [those that are built in]", ""},
      {"leave-models-out", "",
       "validate: predict each model's runs by calibrations fitted to the others' (takes minutes)",
       ""}};
}

Result<planner::PlanRequest> PlanRequestOf(const Arguments& arguments) {
  planner::PlanRequest request{.model_path = arguments.Get("MODEL")};
  RL_ASSIGN_OR_RETURN(request.hardware, HardwareOf(arguments));
  RL_ASSIGN_OR_RETURN(request.workload, PlannedWorkloadOf(arguments));
  RL_ASSIGN_OR_RETURN(request.options, SearchOptionsOf(arguments));
  request.arguments = arguments.GetAll("ARG");
  request.is_given = !request.arguments.empty();
  RL_ASSIGN_OR_RETURN(request.environment, EnvironmentOf(arguments));
  RL_RETURN_IF_ERROR(planner::CheckPlanRequest(request));
  RL_ASSIGN_OR_RETURN(request.model, ModelOf(request.model_path));
  return request;
}

}  // namespace redline::app
