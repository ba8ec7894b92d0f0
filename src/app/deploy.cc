#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/deploy_plan.h"
#include "app/deployments.h"
#include "app/environment.h"
#include "app/library_here.h"
#include "app/local_plan.h"
#include "app/output.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "platform/catalog/catalog.h"

namespace redline::app {
namespace {

using nlohmann::json;

// "--set name=value": a JSON literal when it is one, else text.
Result<json> ParseParameters(const Arguments& arguments) {
  json parameters = json::object();
  for (const std::string& entry : Split(Join(arguments.GetAll("set"), ","), ',')) {
    if (entry.empty()) continue;
    const size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0)
      return InvalidArgument(fmt::format("--set \"{}\" must be name=value[,name=value...]", entry),
                             "set");
    const std::string value = entry.substr(equals + 1);
    json parsed = json::parse(value, nullptr, /*allow_exceptions=*/false);
    parameters[entry.substr(0, equals)] =
        parsed.is_primitive() && !parsed.is_discarded() ? parsed : json(value);
  }
  return parameters;
}

Result<json> RequestBody(const Arguments& arguments) {
  json body = {{"model", arguments.Get("MODEL")}};
  if (arguments.Has("name")) body["name"] = arguments.Get("name");
  if (arguments.Has("profile")) body["profile"] = arguments.Get("profile");
  if (arguments.Has("goal")) body["goal"] = arguments.Get("goal");
  if (arguments.Has("model-path")) body["model_path"] = arguments.Get("model-path");
  if (arguments.Has("worker")) body["worker"] = arguments.Get("worker");
  if (arguments.Has("engine")) body["engine"] = arguments.Get("engine");
  if (const auto words = arguments.GetAll("ARG"); !words.empty()) body["arguments"] = words;
  RL_ASSIGN_OR_RETURN(const auto environment, EnvironmentOf(arguments));
  if (!environment.empty()) body["environment"] = environment;
  if (arguments.Has("replicas")) {
    RL_ASSIGN_OR_RETURN(body["replicas"], arguments.GetInt("replicas", 0, 64));
  }
  RL_ASSIGN_OR_RETURN(const json parameters, ParseParameters(arguments));
  if (!parameters.empty()) body["parameters"] = parameters;
  if (arguments.Has("dry-run")) body["dry_run"] = true;
  return body;
}

void PrintWhy(const json& deployment) {
  for (const json& sentence : deployment.value("why", json::array()))
    fmt::print("  {}\n", EscapeControl(sentence.get<std::string>()));
}

// A node that is not here can be planned for.
Status CheckCanStart(const Arguments& arguments) {
  if (!arguments.Has("hardware")) return OkStatus();
  return Unimplemented(
      "--hardware is for a plan: deployments run on the nodes there are; see what would run "
      "elsewhere with --dry-run",
      "hardware");
}

bool IsPlan(const Arguments& arguments) {
  return arguments.Has("dry-run") && arguments.Has("hardware");
}

void PrintPlan(const std::string& headline, const json& deployment) {
  fmt::print("{}\n", headline);
  if (const json command = deployment.value("command", json::array()); !command.empty())
    fmt::print("\n  {}\n\n",
               CommandWords(command, deployment.value("command_environment", json::object())));
  PrintWhy(deployment);
}

// A dry run needs no platform: without one it is about this machine.
Status ShowPlanHere(const Arguments& arguments, const json& body) {
  RL_ASSIGN_OR_RETURN(const json plan, PlanHere(body, DataDirOf(arguments)));
  if (!PrintedForPrograms(arguments, plan))
    PrintPlan(plan.value("name", "") + " would run on this machine", plan);
  return OkStatus();
}

// The deployment that has the model's name; the model may have been named as hubs do.
Result<json> DeployedAs(ApiClient& api, const std::string& model) {
  RL_ASSIGN_OR_RETURN(const auto catalog, platform::Catalog::Parse(embedded::catalog_files()));
  const auto entry = catalog.Find(model);
  return api.Get("/api/v1/deployments/" + PathSegment(entry.ok() ? (*entry)->name : model));
}

Status RunDeploy(const Arguments& arguments) {
  if (IsPlan(arguments)) return ShowDeploymentPlan(arguments);
  RL_RETURN_IF_ERROR(CheckCanStart(arguments));
  RL_ASSIGN_OR_RETURN(const json body, RequestBody(arguments));
  RL_ASSIGN_OR_RETURN(const double timeout, arguments.GetDouble("timeout", 1, 86400));
  auto connected = ApiClient::Connect(arguments);
  if (!connected.ok() && arguments.Has("dry-run") && !arguments.Has("server") &&
      !arguments.Has("worker"))
    return ShowPlanHere(arguments, body);
  RL_ASSIGN_OR_RETURN(ApiClient api, std::move(connected));
  auto created = api.Send("POST", "/api/v1/deployments", body);
  // Deploying what is there already is no failure: the wish is fulfilled. Unless it was a wish for
  // something else.
  const bool is_plain = !arguments.Has("name") && !arguments.Has("profile") &&
                        !arguments.Has("set") && !arguments.Has("replicas") &&
                        !arguments.Has("engine") && !arguments.Has("goal") &&
                        !arguments.Has("model-path") && !arguments.Has("worker");
  const bool existed = created.status().code() == Code::kAlreadyExists && is_plain;
  if (!created.ok() && !existed) return created.status();
  json deployment;
  if (existed) {
    RL_ASSIGN_OR_RETURN(deployment, DeployedAs(api, arguments.Get("MODEL")));
  } else {
    deployment = *created;
  }
  const std::string name = deployment.value("name", arguments.Get("MODEL"));
  if (arguments.Has("wait") && !arguments.Has("dry-run")) {
    RL_RETURN_IF_ERROR(WaitUntilRunning(api, name, timeout));
    RL_ASSIGN_OR_RETURN(deployment, api.Get("/api/v1/deployments/" + PathSegment(name)));
  }
  if (PrintedForPrograms(arguments, deployment)) return OkStatus();
  const char* verb = arguments.Has("dry-run") ? "would run"
                     : existed                ? "was deployed already"
                     : arguments.Has("wait")  ? "is running"
                                              : "is being deployed";
  const bool is_virtual = deployment.value("virtual", false);
  PrintPlan(fmt::format("{} {}{}", name, verb, is_virtual ? " (VIRTUAL)" : ""), deployment);
  return OkStatus();
}

}  // namespace

Command DeployCommand() {
  return {
      .name = "deploy",
      .summary = "run a model from the library",
      .description = "Deploys a model with the profile that fits this hardware.",
      .example =
          "redline deploy smollm2-135m-instruct --wait\n"
          "redline deploy smollm2-135m-instruct --dry-run\n"
          "redline deploy smollm2-135m-instruct --engine vllm@0.13.0 -- --max-model-len 2048\n"
          "redline deploy qwen3-8b --model-path /models/Qwen3-8B\n"
          "redline deploy deepseek-v3.2 --hardware H200x8 --goal throughput --dry-run",
      .flags = WithServerFlags(
          {{"name", "NAME", "name of the deployment [the model's]", ""},
           {"profile", "PROFILE", "a profile of the model [chosen by hardware]", ""},
           {"replicas", "N", "engines to run", "1"},
           {.name = "set",
            .value_name = "NAME=VALUE,...",
            .help = "engine parameters over the profile's, with the names of the flags of "
                    "redline serve: kv_cache_dtype=bf16; may be given several times",
            .repeated = true},
           {"dry-run", "",
            "only show what would run and why; without a running platform, on this machine", ""},
           {.name = "goal",
            .value_name = "GOAL",
            .help = "what the profile is for [any]",
            .default_value = "",
            .choices = {"throughput", "latency", "long_context", "balanced"}},
           {"worker", "NAME",
            "run on this worker alone, by name or id [chosen: a real one that fits]", ""},
           {"hardware", "GPUxN", "with --dry-run: the node's GPUs, such as H200x8", ""},
           {"model-path", "PATH",
            "a folder or file on the worker with the model, instead of fetching the library's "
            "files",
            ""},
           {"engine", "NAME@VERSION",
            "this engine and the arguments after -- instead of a profile's; it is installed first "
            "where it is not",
            ""},
           {.name = "env",
            .value_name = "K=V",
            .help = "with --engine: a variable of its environment; may be repeated",
            .default_value = "",
            .repeated = true},
           {"wait", "", "return when it answers", ""},
           {"timeout", "SECONDS", "longest wait", "600"},
           OutputFlag()}),
      .positionals = {{"MODEL", "a model of the library (redline get models)"},
                      {.name = "ARG",
                       .help = "after --: the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunDeploy};
}

}  // namespace redline::app
