// The agent of a node: instances by the server's assignments, and on its own while it is away.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/files.h"
#include "platform/agent/instance_controller.h"
#include "platform/agent/server_link.h"
#include "platform/agent/status_reporter.h"
#include "platform/roles.h"

namespace redline::platform {

// Lives on the process's main thread, which owns the controllers.
class Agent {
 public:
  Agent(const AgentOptions& options, const AgentTimings& timings, std::string worker_id);

  // Until SIGTERM (engines are stopped), SIGINT (alike) or SIGHUP (engines go on). A second SIGTERM
  // kills what has not stopped. Those signals are blocked in this thread since before any other was
  // started. The exit status.
  int Run();

 private:
  enum class Mode { kServing, kStopping, kLeaving };

  void AdoptFromDisk();
  void LoadAssignments();
  void ApplyAssignments(const Assignments& assignments);
  void TakeNews();
  void TickAll();
  void OnSignal(int number);
  bool AllFinished() const;
  int LeaveCluster();
  void Wait();
  InstanceController& ControllerOf(const std::string& instance_id);
  std::filesystem::path AssignmentsPath() const;

  const AgentOptions options_;
  const UniqueFd signals_;  // signalfd
  const UniqueFd wake_;     // eventfd
  ServerApi api_;
  StatusReporter reporter_;
  net::HttpClient probe_client_;
  AgentContext context_;
  std::map<std::string, std::unique_ptr<InstanceController>> controllers_;
  Mode mode_ = Mode::kServing;
  std::unique_ptr<ServerLink> link_;
};

// RunAgent with other timings, for tests.
int RunAgentWith(const AgentOptions& options, const AgentTimings& timings);

}  // namespace redline::platform
