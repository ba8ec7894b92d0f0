#include "platform/supervisor/joined_nodes.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

JoinedNode NodeIn(const fs::path& folder) {
  JoinedNode node{.name = folder.filename().string(), .layout = {folder}};
  const auto text = ReadFile(node.layout.node_state(), 4096);
  const json state =
      text.ok() ? json::parse(*text, nullptr, /*allow_exceptions=*/false) : json::object();
  if (!state.is_object()) return node;
  const auto number = [&](const char* name) {
    const auto found = state.find(name);
    return found != state.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
  };
  node.pid = static_cast<pid_t>(number("pid"));
  node.start_time = number("start_time");
  return node;
}

Result<pid_t> StartLeave(const DataLayout& layout, const std::string& name) {
  SpawnOptions spawn;
  spawn.argv = {SelfExecutable().string(), "leave", name, "--data-dir", layout.root.string()};
  spawn.stdout_path = spawn.stderr_path = layout.log("leave");
  spawn.die_with_parent = true;
  return Spawn(spawn);
}

// False: it had to be killed.
bool AwaitEnd(pid_t pid, MonotonicTime deadline) {
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (MonotonicNow() >= deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace

bool JoinedNode::is_running() const { return pid > 0 && ProcessAlive(pid, start_time); }

std::vector<JoinedNode> JoinedNodes(const DataLayout& layout) {
  std::vector<JoinedNode> nodes;
  std::error_code error;
  for (fs::directory_iterator entry(layout.nodes(), error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) nodes.push_back(NodeIn(entry->path()));
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return nodes;
}

Status RecordJoinedNode(const DataLayout& node) {
  const json state = {{"pid", ::getpid()},
                      {"start_time", ProcessStartTime(::getpid()).value_or(0)}};
  return WriteFileAtomic(node.node_state(), state.dump() + "\n", 0600);
}

void HaveNodesLeave(const DataLayout& layout, double seconds) {
  std::vector<pid_t> leaving;
  for (const JoinedNode& node : JoinedNodes(layout)) {
    const auto pid = StartLeave(layout, node.name);
    if (pid.ok()) leaving.push_back(*pid);
    if (!pid.ok()) LogWarn("up", "node {}: {}", node.name, pid.status().message());
  }
  const MonotonicTime deadline =
      MonotonicNow() +
      std::chrono::duration_cast<MonotonicTime::duration>(std::chrono::duration<double>(seconds));
  for (const pid_t pid : leaving) {
    if (!AwaitEnd(pid, deadline)) LogWarn("up", "a joined node did not leave in time");
  }
}

}  // namespace redline::platform
