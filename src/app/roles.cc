// The hidden subcommands: roles that other processes of the product start.
#include "platform/roles.h"

#include "app/commands.h"
#include "backends/launch/shim.h"
#include "base/files.h"
#include "base/strings.h"

namespace redline::app {
namespace {

// A role logs its own failure and ends with the status's exit code; 0 stays ok.
Status FromExit(const std::string& role, int exit_status) {
  if (exit_status == 0) return OkStatus();
  return Status(Code::kInternal, role + " ended with status " + std::to_string(exit_status));
}

std::vector<Flag> RoleFlags() {
  return {{"data-dir", "DIR", "data directory", "", {}, true},
          {"cache-dir", "DIR", "model cache", "", {}, true}};
}

Status RunServerRole(const Arguments& arguments) {
  const platform::DataLayout layout{arguments.Get("data-dir")};
  RL_ASSIGN_OR_RETURN(const std::string key, ReadFile(layout.admin_key(), 4096));
  return FromExit("server", platform::RunServer({.layout = layout,
                                                 .cache_dir = arguments.Get("cache-dir"),
                                                 .admin_key = std::string(Trim(key))}));
}

Status RunGatewayRole(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const int64_t fd, arguments.GetInt("listen-fd", 3, 1 << 20));
  return FromExit("gateway", platform::RunGateway({.layout = {arguments.Get("data-dir")},
                                                   .listen_fd = static_cast<int>(fd)}));
}

Status RunAgentRole(const Arguments& arguments) {
  const platform::DataLayout layout{arguments.Get("data-dir")};
  return FromExit("agent",
                  platform::RunAgent({.layout = layout,
                                      .cache_dir = arguments.Get("cache-dir"),
                                      .server_url = "unix:" + layout.server_socket().string()}));
}

Command Role(std::string name, std::vector<Flag> flags, Status (*run)(const Arguments&)) {
  Command command;
  command.name = name;
  command.summary = "the " + name + " of redline up";
  command.description = "Started by redline up; not for use by hand.";
  command.example = "redline up";
  command.flags = std::move(flags);
  command.run = run;
  command.hidden = true;
  return command;
}

Status RunShimRole(const Arguments& arguments) {
  return FromExit("shim", backends::RunShim({.dir = arguments.Get("dir")}));
}

}  // namespace

Command ServerCommand() { return Role("server", RoleFlags(), RunServerRole); }

Command GatewayCommand() {
  std::vector<Flag> flags = RoleFlags();
  flags.push_back({"listen-fd", "N", "listening socket", "", {}, true});
  return Role("gateway", std::move(flags), RunGatewayRole);
}

Command AgentCommand() { return Role("agent", RoleFlags(), RunAgentRole); }

Command ShimCommand() {
  return Role("shim", {{"dir", "DIR", "the instance's directory", "", {}, true}}, RunShimRole);
}

}  // namespace redline::app
