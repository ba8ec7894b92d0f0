#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/deployments.h"
#include "app/output.h"

namespace redline::app {
namespace {

using nlohmann::json;

Status RunScale(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const int64_t replicas, arguments.GetInt("REPLICAS", 0, 64));
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  const std::string name = arguments.Get("NAME");
  const std::string path = "/api/v1/deployments/" + PathSegment(name);
  RL_ASSIGN_OR_RETURN(json deployment, api.Send("PATCH", path, {{"replicas", replicas}}));
  if (arguments.Has("wait")) {
    RL_ASSIGN_OR_RETURN(const double timeout, arguments.GetDouble("timeout", 1, 86400));
    RL_RETURN_IF_ERROR(replicas > 0 ? WaitUntilRunning(api, name, timeout)
                                    : WaitUntilStopped(api, name, timeout));
    RL_ASSIGN_OR_RETURN(deployment, api.Get(path));
  }
  if (!PrintedForPrograms(arguments, deployment)) fmt::print("{} scaled to {}\n", name, replicas);
  return OkStatus();
}

}  // namespace

Command ScaleCommand() {
  return {.name = "scale",
          .summary = "change a deployment's number of engines (0 stops it)",
          .description = "Changes how many engines serve a deployment. 0 stops it and keeps it.",
          .example = "redline scale smollm2-135m-instruct 2 --wait",
          .flags =
              WithServerFlags({{"wait", "", "return when all replicas answer, or have stopped", ""},
                               {"timeout", "SECONDS", "longest wait", "600"},
                               OutputFlag()}),
          .positionals = {{"NAME", "a deployment"}, {"REPLICAS", "0 to 64"}},
          .run = RunScale};
}

}  // namespace redline::app
