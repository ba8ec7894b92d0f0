#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/api_client.h"
#include "app/commands.h"

namespace redline::app {
namespace {

using nlohmann::json;

Result<json> FetchLog(ApiClient& api, const Arguments& arguments, int64_t after) {
  std::string path = "/api/v1/deployments/" + PathSegment(arguments.Get("NAME")) +
                     "/logs?max_bytes=" + arguments.Get("max-bytes") +
                     "&after=" + std::to_string(after);
  if (arguments.Has("instance")) path += "&instance=" + PathSegment(arguments.Get("instance"));
  return api.Get(path);
}

Status RunLogs(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(arguments.GetInt("max-bytes", 1, 1 << 20).status());
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  int64_t after = -1;
  do {
    RL_ASSIGN_OR_RETURN(const json reply, FetchLog(api, arguments, after));
    const std::string text = reply.value("text", "");
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    after = reply.value("next", int64_t{0});
    if (arguments.Has("follow") && text.empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
  } while (arguments.Has("follow"));
  return OkStatus();
}

}  // namespace

Command LogsCommand() {
  return {.name = "logs",
          .summary = "print the log of a deployment's engine",
          .description = "Prints the end of an engine's log, and with --follow what comes after.",
          .example = "redline logs smollm2-135m-instruct --follow",
          .flags = WithServerFlags({{"follow", "", "go on until interrupted", ""},
                                    {"instance", "ID", "which instance [the first]", ""},
                                    {"max-bytes", "N", "how much of the end to print", "65536"}}),
          .positionals = {{"NAME", "a deployment"}},
          .run = RunLogs};
}

}  // namespace redline::app
