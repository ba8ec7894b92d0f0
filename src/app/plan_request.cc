#include "app/plan_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/bench_flags.h"
#include "app/environment.h"
#include "app/hardware_choice.h"
#include "app/output.h"
#include "base/files.h"
#include "base/strings.h"
#include "planner/model/model_shape_reader.h"

namespace redline::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = 4 << 20;

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// A config.json, or the folder of one.
Result<planner::KnownModel> ModelOfFile(const std::string& path) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxConfigBytes));
  planner::KnownModel model;
  const fs::path folder = fs::path(path).parent_path();
  model.name = folder.filename().empty() ? "model" : folder.filename().string();
  model.config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!model.config.is_object()) {
    return InvalidArgument(
        fmt::format("{} is no JSON object; a model's config.json is needed", Excerpt(path)),
        "MODEL");
  }
  auto shape = planner::ModelShapeFromConfig(model.config);
  if (!shape.ok()) return shape.status().WithContext(Excerpt(path));
  model.shape = std::move(*shape);
  return model;
}

Result<planner::KnownModel> ModelOf(const std::string& name) {
  if (name.ends_with(".json") && IsFile(name)) return ModelOfFile(name);
  const std::string inside = (fs::path(name) / "config.json").string();
  if (IsFile(inside)) return ModelOfFile(inside);
  auto model = planner::FindModel(name);
  if (model.ok()) return model;
  return Status(model.status().code(),
                model.status().message() + "; the path of a config.json will do, too", "MODEL");
}

// One node: neither the layouts of the search nor the costs know links between nodes.
Result<planner::HardwareSpec> HardwareOf(const Arguments& arguments) {
  const std::string name = arguments.Get("hardware");
  if (name.empty()) {
    return InvalidArgument("--hardware is needed; for example: --hardware h200x8", "hardware");
  }
  auto hardware = ChosenHardware(name);
  if (hardware.ok() && hardware->num_nodes > 1) {
    return Unimplemented(
        fmt::format("--hardware {}: a plan covers one node; ask for {}x{}, and run a copy on each",
                    Excerpt(name), hardware->name, hardware->devices_per_node),
        "hardware");
  }
  return hardware;
}

Result<spec::WorkloadSpec> PlannedWorkloadOf(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(spec::WorkloadSpec workload, WorkloadOf(arguments));
  constexpr double kMostMs = 1e8;
  spec::SloClass slo;
  if (arguments.Has("slo-ttft-ms")) {
    RL_ASSIGN_OR_RETURN(slo.ttft_ms, arguments.GetDouble("slo-ttft-ms", 0.1, kMostMs));
  }
  if (arguments.Has("slo-tpot-ms")) {
    RL_ASSIGN_OR_RETURN(slo.tpot_ms, arguments.GetDouble("slo-tpot-ms", 0.01, kMostMs));
  }
  if (slo.ttft_ms > 0 || slo.tpot_ms > 0) workload.slo_classes = {slo};
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(workload));
  return workload;
}

Result<planner::SearchOptions> SearchOptionsOf(const Arguments& arguments) {
  planner::SearchOptions options;
  options.engines = arguments.GetAll("engine");
  RL_ASSIGN_OR_RETURN(options.goal, planner::GoalFromName(arguments.Get("goal")));
  RL_ASSIGN_OR_RETURN(options.slo_share, arguments.GetDouble("slo-share", 0, 1));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 53));
  options.seed = static_cast<uint64_t>(seed);
  options.num_threads = std::max(std::thread::hardware_concurrency(), 1U);
  if (arguments.Has("threads")) {
    RL_ASSIGN_OR_RETURN(const int64_t threads, arguments.GetInt("threads", 1, 256));
    options.num_threads = static_cast<size_t>(threads);
  }
  if (arguments.Has("price-per-gpu-hour")) {
    RL_ASSIGN_OR_RETURN(options.usd_per_gpu_hour,
                        arguments.GetDouble("price-per-gpu-hour", 0, 1e6));
  }
  return options;
}

Status CheckGiven(const PlanRequest& request) {
  if (!request.is_given) {
    if (request.environment.empty()) return OkStatus();
    return InvalidArgument("--env belongs to a configuration of one's own: give it after --",
                           "env");
  }
  if (request.options.engines.size() == 1) return OkStatus();
  return InvalidArgument(
      "arguments after -- need the one engine that they are for; for example: --engine sglang "
      "-- --tp-size 8",
      "engine");
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

Result<PlanRequest> PlanRequestOf(const Arguments& arguments) {
  PlanRequest request{.model_path = arguments.Get("MODEL")};
  RL_ASSIGN_OR_RETURN(request.hardware, HardwareOf(arguments));
  RL_ASSIGN_OR_RETURN(request.workload, PlannedWorkloadOf(arguments));
  RL_ASSIGN_OR_RETURN(request.options, SearchOptionsOf(arguments));
  request.arguments = arguments.GetAll("ARG");
  request.is_given = !request.arguments.empty();
  RL_ASSIGN_OR_RETURN(request.environment, EnvironmentOf(arguments));
  RL_RETURN_IF_ERROR(CheckGiven(request));
  RL_ASSIGN_OR_RETURN(request.model, ModelOf(request.model_path));
  return request;
}

}  // namespace redline::app
