// redline join: a virtual node on the machine where the server runs.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/api_client.h"
#include "app/commands.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/http_client.h"
#include "planner/hardware/hardware_spec.h"
#include "platform/roles.h"
#include "platform/supervisor/joined_nodes.h"
#include "spec/hardware_profile.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr double kReadySeconds = 30;

Status OtherMachine(const std::string& url) {
  return Unimplemented(
      fmt::format(
          "{} is not on this machine: this version joins virtual nodes alone, and only where "
          "the server runs; run redline join there",
          url),
      "SERVER_URL");
}

// The data directory of the server, which has to be on this machine.
Result<platform::DataLayout> LayoutOf(ApiClient& api) {
  RL_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(api.url()));
  if (url.host != "127.0.0.1" && url.host != "localhost" && url.host != "::1")
    return OtherMachine(api.url());
  RL_ASSIGN_OR_RETURN(const json status, api.Get("/api/v1/status"));
  const platform::DataLayout layout{status.value("data_dir", "")};
  std::error_code error;
  if (layout.root.empty() || !std::filesystem::exists(layout.server_socket(), error))
    return OtherMachine(api.url());
  return layout;
}

Result<planner::HardwareSpec> VirtualHardwareOf(const Arguments& arguments) {
  if (!arguments.Has("simulate"))
    return Unimplemented(
        "this version joins virtual nodes alone: say which hardware with --simulate, such as "
        "--simulate H200x8 (this machine itself is a node by redline up)",
        "simulate");
  RL_ASSIGN_OR_RETURN(auto hardware, planner::FindHardwareSpec(arguments.Get("simulate")));
  const std::string name = planner::FullName(hardware);
  if (hardware.num_nodes > 1)
    return InvalidArgument(fmt::format("{} is {} nodes: join them one by one, each with a --name",
                                       name, hardware.num_nodes),
                           "simulate");
  // Engines are simulated where it is known what they make of their arguments.
  const auto known = spec::FindHardwareProfile(name);
  if (!known.ok())
    return InvalidArgument(
        fmt::format("no engine can be simulated on {}: {}", name, known.status().message()),
        "simulate");
  return hardware;
}

spec::Worker WorkerOf(const planner::HardwareSpec& hardware, const std::string& name) {
  spec::Worker worker;
  worker.name = name;
  worker.is_virtual = true;
  worker.device = hardware.vendor;
  worker.device_model = hardware.driver_name;
  worker.num_devices = hardware.devices_per_node;
  if (hardware.host_cores) worker.cpu.cores = static_cast<int64_t>(hardware.host_cores->value);
  const auto bytes = static_cast<int64_t>(hardware.memory_bytes.value);
  for (int64_t index = 0; index < hardware.devices_per_node; ++index)
    worker.gpus.push_back({.index = index,
                           .vendor = hardware.vendor,
                           .name = hardware.driver_name,
                           .uuid = fmt::format("VIRTUAL-{}", index),
                           .pci_bus_id = {},
                           .memory_total_bytes = bytes,
                           .memory_available_bytes = bytes,
                           .compute_capability = hardware.compute_capability,
                           .gfx_target = {},
                           .driver_version = {}});
  return worker;
}

// What is handed on to `redline simulate` for every engine.
Result<std::vector<std::string>> EngineFlags(const Arguments& arguments) {
  std::vector<std::string> flags;
  if (arguments.Has("truth-seed")) {
    RL_RETURN_IF_ERROR(arguments.GetInt("truth-seed", 1, int64_t{1} << 53).status());
    flags.insert(flags.end(), {"--truth-seed", arguments.Get("truth-seed")});
  }
  if (arguments.Has("speed")) {
    RL_RETURN_IF_ERROR(arguments.GetDouble("speed", 0.001, 1e6).status());
    flags.insert(flags.end(), {"--speed", arguments.Get("speed")});
  }
  return flags;
}

Result<std::string> NodeNameOf(const Arguments& arguments, const planner::HardwareSpec& hardware) {
  const std::string name = arguments.Has("name")
                               ? arguments.Get("name")
                               : "virtual-" + ToLower(planner::FullName(hardware));
  const Status valid = spec::ValidateDeploymentName(name);
  if (valid.ok()) return name;
  return InvalidArgument(fmt::format("\"{}\" is not a name for a node: use 1 to 63 of a-z, 0-9, "
                                     "\".\" and \"-\", with a letter or digit at both ends",
                                     Excerpt(name)),
                         "name");
}

Status CheckNameIsFree(ApiClient& api, const platform::DataLayout& layout,
                       const std::string& name) {
  const std::string remedy = "; give this one another with --name";
  bool is_ours = false;
  for (const platform::JoinedNode& node : platform::JoinedNodes(layout)) {
    if (node.name != name) continue;
    is_ours = true;
    if (node.is_running())
      return Status(
          Code::kAlreadyExists,
          fmt::format("a node named {} has joined already (pid {}){}", name, node.pid, remedy),
          "name");
  }
  RL_ASSIGN_OR_RETURN(const json workers, api.Get("/api/v1/workers"));
  for (const json& worker : workers.value("items", json::array())) {
    if (worker.value("name", "") == name && !is_ours)
      return Status(Code::kAlreadyExists, fmt::format("a worker is named {}{}", name, remedy),
                    "name");
  }
  return OkStatus();
}

Status AwaitReady(ApiClient& api, const std::string& name, pid_t pid,
                  const std::filesystem::path& log) {
  const auto start_time = ProcessStartTime(pid);
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < kReadySeconds) {
    RL_ASSIGN_OR_RETURN(const json workers, api.Get("/api/v1/workers"));
    for (const json& worker : workers.value("items", json::array())) {
      if (worker.value("name", "") == name && worker.value("state", "") == "READY")
        return OkStatus();
    }
    if (!start_time || !ProcessAlive(pid, *start_time))
      return FailedPrecondition("the node's agent has ended; see " + log.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return Status(Code::kDeadlineExceeded,
                fmt::format("not registered after {} s; see {}", kReadySeconds, log.string()));
}

// The same command in the background.
Status JoinDetached(const Arguments& arguments, ApiClient& api, const std::string& name,
                    const platform::DataLayout& layout, const platform::DataLayout& node) {
  SpawnOptions spawn;
  spawn.argv = {SelfExecutable().string(),
                "join",
                "--simulate",
                arguments.Get("simulate"),
                "--name",
                name,
                "--data-dir",
                layout.root.string(),
                "--server",
                api.url()};
  for (const char* flag : {"truth-seed", "speed"}) {
    if (arguments.Has(flag))
      spawn.argv.insert(spawn.argv.end(), {fmt::format("--{}", flag), arguments.Get(flag)});
  }
  spawn.env = {{"REDLINE_API_KEY", api.api_key()}};
  spawn.stdout_path = spawn.stderr_path = node.log("agent");
  spawn.new_session = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(spawn));
  RL_RETURN_IF_ERROR(AwaitReady(api, name, pid, node.log("agent")));
  fmt::print("{} has joined (virtual, pid {}); it leaves with: redline leave {}\n", name, pid,
             name);
  return OkStatus();
}

Status RunNode(const platform::DataLayout& layout, const platform::DataLayout& node,
               platform::VirtualNode virtual_node) {
  RL_RETURN_IF_ERROR(platform::RecordJoinedNode(node));
  const std::string name = virtual_node.worker.name;
  fmt::print("{}: {} x {}, virtual; Ctrl-C or redline leave {} ends it\n", name,
             virtual_node.worker.num_devices, virtual_node.worker.device_model, name);
  fflush(stdout);
  const int exit_status =
      platform::RunAgent({.layout = node,
                          .cache_dir = platform::DefaultCacheDir(),
                          .server_url = "unix:" + layout.server_socket().string(),
                          .virtual_node = std::move(virtual_node)});
  if (exit_status != 0)
    return Unavailable(
        fmt::format("the node has stopped, and the server does not know; when it "
                    "runs again: redline leave {}",
                    name));
  // What is left of it is of no use: who joins again is another worker.
  std::error_code error;
  std::filesystem::remove_all(node.root, error);
  return OkStatus();
}

Status RunJoin(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const planner::HardwareSpec hardware, VirtualHardwareOf(arguments));
  RL_ASSIGN_OR_RETURN(const std::string name, NodeNameOf(arguments, hardware));
  RL_ASSIGN_OR_RETURN(auto flags, EngineFlags(arguments));
  Arguments connect = arguments;
  if (arguments.Has("SERVER_URL")) connect.Set("server", {arguments.Get("SERVER_URL")});
  RL_ASSIGN_OR_RETURN(ApiClient connected, ApiClient::Connect(connect));
  auto api = std::make_unique<ApiClient>(std::move(connected));
  RL_ASSIGN_OR_RETURN(const platform::DataLayout layout, LayoutOf(*api));
  RL_RETURN_IF_ERROR(CheckNameIsFree(*api, layout, name));
  RL_ASSIGN_OR_RETURN(const platform::DataLayout node,
                      platform::PrepareDataDir(layout.nodes() / name));
  if (arguments.Has("detach")) return JoinDetached(arguments, *api, name, layout, node);
  api.reset();  // its thread would take the signals that are the agent's
  return RunNode(
      layout, node,
      {.worker = WorkerOf(hardware, name), .device = hardware.name, .flags = std::move(flags)});
}

}  // namespace

Command JoinCommand() {
  return {
      .name = "join",
      .summary = "add a virtual node: hardware that is not there, with simulated engines",
      .description =
          "Adds a worker with the devices of --simulate to the Redline that runs on this "
          "machine. Deployments on it are engines that are simulated (redline simulate): the "
          "same flags, checks, log, metrics and API, computed times, canned words; no weights "
          "are fetched. All that comes of it is marked as virtual. Runs until Ctrl-C or "
          "redline leave. See docs/simulate.md.",
      .example =
          "redline join --simulate H200x8\n"
          "redline join --simulate H200x8 --name rehearsal --truth-seed 7 --detach",
      .flags = WithServerFlags(
          {{"simulate", "GPUxN", "the node's GPUs, such as H200x8", ""},
           {"name", "NAME", "its name [virtual-GPUxN]", ""},
           {"truth-seed", "S",
            "a machine that nobody knows: each operation 1/1.3 to 1.3 times as long, by the seed",
            ""},
           {"speed", "X", "seconds of its engines in a real one", "1"},
           {"detach", "", "run in the background; return when it has joined", ""}}),
      .positionals = {{"SERVER_URL", "the server, on this machine [the one that runs]", false}},
      .run = RunJoin};
}

}  // namespace redline::app
