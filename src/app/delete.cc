#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/deployments.h"

namespace redline::app {
namespace {

Status RunDelete(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  const std::string name = arguments.Get("NAME");
  RL_RETURN_IF_ERROR(
      api.Send("DELETE", "/api/v1/deployments/" + PathSegment(name), nullptr).status());
  if (arguments.Has("no-wait")) {
    fmt::print("{} is being deleted\n", name);
    return OkStatus();
  }
  RL_RETURN_IF_ERROR(WaitUntilGone(api, name, 120));
  fmt::print("{} deleted\n", name);
  return OkStatus();
}

}  // namespace

Command DeleteCommand() {
  return {.name = "delete",
          .summary = "stop a deployment and forget it",
          .description =
              "Drains a deployment's engines, stops them and removes it. The model's "
              "files stay in the cache.",
          .example = "redline delete smollm2-135m-instruct",
          .flags = WithServerFlags({{"no-wait", "", "return at once", ""}}),
          .positionals = {{"NAME", "a deployment"}},
          .run = RunDelete};
}

}  // namespace redline::app
