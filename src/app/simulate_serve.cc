#include "app/simulate_serve.h"

#include <fmt/format.h>
#include <signal.h>

#include <memory>
#include <vector>

#include "base/process.h"
#include "planner/virtual/virtual_server.h"

namespace redline::app {
namespace {

constexpr int64_t kMostEngines = 4096;
constexpr int kIoThreads = 2;

struct VirtualAddresses {
  std::string host;
  int first_port = 0;     // 0: any free ones
  std::string unix_path;  // instead of both, for one engine; "": none
  int64_t count = 1;
};

// What the engine's own arguments say, but where ours say otherwise.
Result<VirtualAddresses> AddressesOf(const Arguments& arguments,
                                     const planner::FrontEnd& front_end) {
  VirtualAddresses addresses{.host =
                                 arguments.Has("host") ? arguments.Get("host") : front_end.host};
  int64_t port = front_end.port;
  if (arguments.Has("port")) {
    RL_ASSIGN_OR_RETURN(port, arguments.GetInt("port", 0, 65535));
  }
  RL_ASSIGN_OR_RETURN(addresses.count, arguments.GetInt("count", 1, kMostEngines));
  if (port < 0 || port > 65535 || (port > 0 && port + addresses.count - 1 > 65535)) {
    return InvalidArgument(
        fmt::format("{} engines from port {} on need ports above 65535: give a lower --port",
                    addresses.count, port),
        "port");
  }
  addresses.first_port = static_cast<int>(port);
  const bool is_told = arguments.Has("host") || arguments.Has("port");
  if (!is_told && addresses.count == 1) addresses.unix_path = front_end.unix_path;
  return addresses;
}

sigset_t BlockedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void PrintLine(const std::string& line) {
  fmt::print("{}\n", line);
  fflush(stdout);
}

using Servers = std::vector<std::unique_ptr<planner::VirtualServer>>;

Result<Servers> StartAll(const planner::VirtualSetup& setup, planner::VirtualDriver& driver,
                         const VirtualAddresses& addresses, const planner::TruthOptions& truth) {
  const auto io_threads = net::MakeIoThreads(kIoThreads);
  Servers servers;
  for (int64_t index = 0; index < addresses.count; ++index) {
    planner::VirtualServerOptions options{
        .host = addresses.host, .truth = truth, .io_threads = io_threads};
    options.unix_path = addresses.unix_path;
    if (addresses.first_port > 0) options.port = addresses.first_port + static_cast<int>(index);
    options.truth.run_seed += static_cast<uint64_t>(index);  // runs of their own, on one machine
    if (addresses.count == 1) options.log = PrintLine;
    RL_ASSIGN_OR_RETURN(auto server, planner::VirtualServer::Start(setup, driver, options));
    if (addresses.count > 1)
      fmt::print("virtual engine on http://{}:{}\n", addresses.host, server->port());
    servers.push_back(std::move(server));
  }
  if (addresses.count > 1) PrintLine(fmt::format("{} virtual engines are ready", addresses.count));
  return servers;
}

}  // namespace

Status ServeVirtualEngines(const Arguments& arguments, const planner::VirtualSetup& setup,
                           const planner::TruthOptions& truth) {
  RL_ASSIGN_OR_RETURN(const VirtualAddresses addresses, AddressesOf(arguments, setup.front_end));
  RL_ASSIGN_OR_RETURN(const double speed, arguments.GetDouble("speed", 0.001, 1e6));
  // Before any thread starts, so that it is this one that takes them.
  const sigset_t signals = BlockedSignals();
  RaiseDescriptorLimit();
  fmt::print("virtual {} {} serving {} on {}: nothing here is measured\n", setup.engine,
             setup.version, setup.front_end.served_name, planner::FullName(setup.hardware));
  planner::VirtualDriver driver(speed);
  auto servers = StartAll(setup, driver, addresses, truth);
  int number = 0;
  while (servers.ok() && sigwait(&signals, &number) != 0) {
  }
  driver.Stop();
  return servers.status();
}

}  // namespace redline::app
