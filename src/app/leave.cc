// redline leave: a node that joined on this machine stops its engines and goes.
#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "app/commands.h"
#include "base/clock.h"
#include "base/strings.h"
#include "platform/roles.h"
#include "platform/supervisor/joined_nodes.h"

namespace redline::app {
namespace {

constexpr double kLeaveSeconds = 60;

Result<platform::JoinedNode> NodeMeant(const platform::DataLayout& layout,
                                       const std::string& wanted) {
  const auto nodes = platform::JoinedNodes(layout);
  if (wanted.empty() && nodes.size() == 1) return nodes.front();
  std::vector<std::string> names;
  for (const platform::JoinedNode& node : nodes) {
    if (node.name == wanted) return node;
    names.push_back(node.name);
  }
  if (names.empty())
    return NotFound("no node has joined the Redline of " + layout.root.string(), "NAME");
  if (wanted.empty())
    return InvalidArgument("several nodes have joined: name one of " + Join(names, ", "), "NAME");
  return NotFound(fmt::format("no node named \"{}\" has joined; there is {}{}", Excerpt(wanted),
                              Join(names, ", "), DidYouMean(wanted, names)),
                  "NAME");
}

Status StopAgent(const platform::JoinedNode& node) {
  if (::kill(node.pid, SIGTERM) != 0) return ErrnoStatus("cannot signal the node's agent", errno);
  const MonotonicTime begin = MonotonicNow();
  while (node.is_running()) {
    if (SecondsSince(begin) > kLeaveSeconds)
      return Status(Code::kDeadlineExceeded, fmt::format("{} (pid {}) has not stopped after {} s",
                                                         node.name, node.pid, kLeaveSeconds));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return OkStatus();
}

// Of an agent that was killed: its engines still run, and the server waits for it.
Status CleanUp(const platform::DataLayout& layout, const platform::JoinedNode& node) {
  const int exit_status =
      platform::RunAgent({.layout = node.layout,
                          .cache_dir = platform::DefaultCacheDir(),
                          .server_url = "unix:" + layout.server_socket().string(),
                          .virtual_node = platform::VirtualNode(),
                          .leaves_at_once = true});
  if (exit_status != 0)
    return Unavailable(
        fmt::format("the engines of {} are stopped, and the server does not know that it leaves: "
                    "is it running? Then try again",
                    node.name));
  std::error_code error;
  std::filesystem::remove_all(node.layout.root, error);
  return OkStatus();
}

Status RunLeave(const Arguments& arguments) {
  const platform::DataLayout layout{arguments.Has("data-dir")
                                        ? std::filesystem::path(arguments.Get("data-dir"))
                                        : platform::DefaultDataDir()};
  RL_ASSIGN_OR_RETURN(const platform::JoinedNode node, NodeMeant(layout, arguments.Get("NAME")));
  if (node.is_running()) RL_RETURN_IF_ERROR(StopAgent(node));
  // It removes its folder when all is done.
  std::error_code error;
  if (std::filesystem::exists(node.layout.root, error)) RL_RETURN_IF_ERROR(CleanUp(layout, node));
  fmt::print("{} has left\n", node.name);
  return OkStatus();
}

}  // namespace

Command LeaveCommand() {
  return {
      .name = "leave",
      .summary = "take a node away that redline join added",
      .description =
          "Stops the node's engines and its agent; the server forgets the worker. Deployments "
          "that were on it wait for another one. Also of a node whose agent was killed.",
      .example = "redline leave\nredline leave virtual-h200x8",
      .flags = {{"data-dir", "DIR", "data directory of the Redline meant [REDLINE_DATA_DIR]", ""}},
      .positionals = {{"NAME", "the node [the only one]", false}},
      .run = RunLeave};
}

}  // namespace redline::app
