#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/deployments.h"
#include "app/output.h"
#include "app/workers.h"
#include "base/strings.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::string ModelsTable(const json& items) {
  std::vector<std::vector<std::string>> rows;
  for (const json& item : items) {
    const json fit = item.value("fit", json::object());
    const json chosen = item.value("chosen", json());
    rows.push_back({item.value("name", ""),
                    FormatBytes(static_cast<uint64_t>(item.value("download_bytes", int64_t{0}))),
                    item.value("cached", false) ? "yes" : "no",
                    !fit.value("fits", false)     ? "no"
                    : fit.value("virtual", false) ? "virtual"
                                                  : "yes",
                    chosen.is_object() ? chosen.value("profile", "") : "-",
                    fit.value("message", "")});
  }
  return FormatTable({"NAME", "SIZE", "CACHED", "FITS", "PROFILE", "WHY"}, rows);
}

std::string InstancesTable(const json& deployments) {
  std::vector<std::vector<std::string>> rows;
  for (const json& deployment : deployments) {
    for (const json& item : deployment.value("instances", json::array())) {
      rows.push_back({item.value("id", ""), item.value("deployment", ""), KindOf(deployment),
                      item.value("state", ""), std::to_string(item.value("pid", int64_t{0})),
                      std::to_string(item.value("restart_count", int64_t{0})),
                      item.value("reason", "")});
    }
  }
  return FormatTable({"ID", "DEPLOYMENT", "KIND", "STATE", "PID", "RESTARTS", "REASON"}, rows);
}

struct Resource {
  std::string path;
  std::string (*table)(const json& items);
};

const std::map<std::string, Resource>& Resources() {
  static const std::map<std::string, Resource> resources = {
      {"deployments", {"/api/v1/deployments", DeploymentsTable}},
      {"instances", {"/api/v1/deployments", InstancesTable}},
      {"models", {"/api/v1/models", ModelsTable}},
      {"workers", {"/api/v1/workers", WorkersTable}}};
  return resources;
}

Status RunGet(const Arguments& arguments) {
  const std::string kind = arguments.Get("KIND");
  const auto resource = Resources().find(kind);
  if (resource == Resources().end()) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : Resources()) names.push_back(name);
    return InvalidArgument(
        fmt::format("\"{}\" is not one of {}{}", kind, Join(names, ", "), DidYouMean(kind, names)),
        "KIND");
  }
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  RL_ASSIGN_OR_RETURN(json answer, api.Get(resource->second.path));
  if (kind == "instances" && arguments.Get("output") != "table") {
    json instances = json::array();
    for (const json& deployment : answer["items"]) {
      for (const json& instance : deployment["instances"]) instances.push_back(instance);
    }
    answer = {{"items", instances}};
  }
  if (!PrintedForPrograms(arguments, answer))
    fmt::print("{}", resource->second.table(answer["items"]));
  return OkStatus();
}

}  // namespace

Command GetCommand() {
  return {.name = "get",
          .summary = "list deployments, instances, models or workers",
          .description = "Lists what there is.",
          .example = "redline get deployments\nredline get models --output json",
          .flags = WithServerFlags({OutputFlag()}),
          .positionals = {{"KIND", "deployments, instances, models or workers"}},
          .run = RunGet};
}

}  // namespace redline::app
