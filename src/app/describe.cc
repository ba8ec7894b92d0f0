#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/deployments.h"
#include "app/environment.h"
#include "app/output.h"
#include "app/workers.h"
#include "base/strings.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr std::string_view kWorkerPrefix = "worker/";

void PrintConfiguration(const json& deployment) {
  constexpr size_t kWidth = 40;
  std::vector<std::vector<std::string>> rows;
  for (const json& row : deployment.value("configuration", json::array())) {
    rows.push_back({row.value("name", ""), CellOf(row.value("requested", ""), kWidth),
                    CellOf(row.value("resolved", ""), kWidth),
                    CellOf(row.value("effective", ""), kWidth),
                    row.value("differs", false) ? "differs" : ""});
  }
  if (!rows.empty())
    fmt::print("\n{}", FormatTable({"PARAMETER", "REQUESTED", "RESOLVED", "EFFECTIVE", ""}, rows));
}

void PrintDeployment(const json& deployment) {
  fmt::print("Name:     {}\nKind:     {}\nModel:    {}\nProfile:  {}\nPhase:    {}\n",
             deployment.value("name", ""),
             deployment.value("virtual", false) ? "virtual: its engines are simulated" : "real",
             deployment.value("model", ""), deployment.value("profile", ""),
             DescribeProgress(deployment));
  if (const auto reason = deployment.value("reason", ""); !reason.empty())
    fmt::print("Reason:   {}\n", EscapeControl(reason));
  fmt::print("Replicas: {} ready of {}\nCreated:  {}\n",
             deployment.value("ready_replicas", int64_t{0}),
             deployment.value("replicas", int64_t{0}), deployment.value("created_at", ""));
  const json engine = deployment.value("engine", json::object());
  fmt::print("Engine:   {} {}\n", engine.value("engine", ""), engine.value("version", ""));
  if (const json words = engine.value("arguments", json::array()); !words.empty())
    fmt::print("Given:    {}\n", CommandWords(words));
  const json environment = engine.value("environment", json::object());
  for (const auto& [name, value] : environment.items())
    fmt::print("          {}={}\n", EscapeControl(name), EscapeControl(value.get<std::string>()));
  fmt::print("Why:\n");
  for (const json& sentence : deployment.value("why", json::array()))
    fmt::print("  {}\n", EscapeControl(sentence.get<std::string>()));
  PrintConfiguration(deployment);
}

void PrintInstances(const json& deployment) {
  std::vector<std::vector<std::string>> rows;
  for (const json& item : deployment.value("instances", json::array())) {
    rows.push_back({item.value("id", ""), item.value("state", ""),
                    std::to_string(item.value("pid", int64_t{0})),
                    std::to_string(item.value("restart_count", int64_t{0})),
                    item.value("ready_at", ""), item.value("reason", "")});
  }
  fmt::print("\n{}",
             FormatTable({"INSTANCE", "STATE", "PID", "RESTARTS", "READY SINCE", "REASON"}, rows));
}

void PrintEvents(const json& events) {
  std::vector<std::vector<std::string>> rows;
  for (const json& item : events)
    rows.push_back({item.value("at", ""), item.value("instance_id", ""), item.value("state", ""),
                    item.value("reason", "")});
  fmt::print("\n{}", FormatTable({"AT", "INSTANCE", "STATE", "REASON"}, rows));
}

// By host name or id.
Result<json> FindWorker(ApiClient& api, const std::string& name) {
  RL_ASSIGN_OR_RETURN(const json workers, api.Get("/api/v1/workers"));
  std::vector<std::string> names;
  for (const json& worker : workers.value("items", json::array())) {
    names.push_back(worker.value("name", ""));
    if (name == names.back() || name == worker.value("id", "")) return worker;
  }
  return NotFound(
      fmt::format("there is no worker \"{}\"{}", EscapeControl(name), DidYouMean(name, names)),
      "NAME");
}

Status DescribeWorker(const Arguments& arguments, ApiClient& api, const std::string& name) {
  RL_ASSIGN_OR_RETURN(const json worker, FindWorker(api, name));
  if (!PrintedForPrograms(arguments, worker)) fmt::print("{}", WorkerText(worker));
  return OkStatus();
}

Status RunDescribe(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  // No deployment's name has a slash.
  const std::string name = arguments.Get("NAME");
  if (name.starts_with(kWorkerPrefix))
    return DescribeWorker(arguments, api, name.substr(kWorkerPrefix.size()));
  const std::string path = "/api/v1/deployments/" + PathSegment(name);
  RL_ASSIGN_OR_RETURN(json deployment, api.Get(path));
  RL_ASSIGN_OR_RETURN(const json events, api.Get(path + "/events"));
  deployment["events"] = events.value("items", json::array());
  if (PrintedForPrograms(arguments, deployment)) return OkStatus();
  PrintDeployment(deployment);
  PrintInstances(deployment);
  PrintEvents(deployment["events"]);
  return OkStatus();
}

}  // namespace

Command DescribeCommand() {
  return {.name = "describe",
          .summary = "show one deployment: parameters, reasons, instances, events; or one worker",
          .description =
              "Shows a deployment in full, with why it runs as it does; or a worker, with "
              "its GPUs.",
          .example = "redline describe smollm2-135m-instruct\nredline describe worker/node-1",
          .flags = WithServerFlags({OutputFlag()}),
          .positionals = {{"NAME", "a deployment, or worker/ and the name or id of a worker"}},
          .run = RunDescribe};
}

}  // namespace redline::app
