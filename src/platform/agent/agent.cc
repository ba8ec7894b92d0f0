#include "platform/agent/agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/log.h"
#include "base/process.h"
#include "platform/agent/agent_log.h"
#include "platform/agent/node_facts.h"
#include "platform/agent/virtual_node.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

UniqueFd MakeSignalFd() {
  const sigset_t set = HandledSignals();
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

AgentContext MakeContext(const AgentOptions& options, const AgentTimings& timings,
                         net::HttpClient& client, StatusReporter& reporter) {
  const std::string self = SelfExecutable().string();
  return {.layout = options.layout,
          .cache_dir = options.cache_dir,
          .self = self,
          .shim_command = {self, "shim"},
          .fetch_environment = FetchEnvironment::FromProcess(),
          .timings = timings,
          .client = client,
          .report = [&reporter](const spec::Instance& instance) { reporter.Report(instance); },
          .virtual_node = options.virtual_node ? &*options.virtual_node : nullptr};
}

// For the thread of the heartbeats.
std::function<spec::Worker()> DescriberOf(const VirtualNode* node, std::string worker_id) {
  if (node != nullptr)
    return [node, id = std::move(worker_id)] { return DescribeVirtualWorker(*node, id); };
  // Shared, because a function can be copied.
  return [devices = std::make_shared<backends::DeviceReader>(), id = std::move(worker_id)] {
    return DescribeWorker(id, devices->Read());
  };
}

}  // namespace

Agent::Agent(const AgentOptions& options, const AgentTimings& timings, std::string worker_id)
    : options_(options),
      signals_(MakeSignalFd()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      api_(options.server_url, worker_id),
      reporter_(api_),
      context_(MakeContext(options_, timings, probe_client_, reporter_)) {
  AdoptFromDisk();
  if (options.leaves_at_once) return;
  LoadAssignments();
  link_ = std::make_unique<ServerLink>(api_, options.layout,
                                       DescriberOf(context_.virtual_node, std::move(worker_id)),
                                       [fd = wake_.get()] { ::eventfd_write(fd, 1); });
}

fs::path Agent::AssignmentsPath() const {
  return options_.layout.worker_identity().parent_path() / "assignments.json";
}

InstanceController& Agent::ControllerOf(const std::string& instance_id) {
  auto& controller = controllers_[instance_id];
  if (!controller) controller = std::make_unique<InstanceController>(context_, instance_id);
  return *controller;
}

void Agent::AdoptFromDisk() {
  std::error_code error;
  const fs::path instances = options_.layout.instance_dir("").parent_path();
  for (fs::directory_iterator entry(instances, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string id = entry->path().filename().string();
    if (spec::ValidateDeploymentName(id).ok()) ControllerOf(id).Adopt();
  }
}

// The last known assignments, so that the node works on before the server is heard.
void Agent::LoadAssignments() {
  const auto text = ReadFile(AssignmentsPath());
  if (!text.ok()) return;
  const auto assignments = AssignmentsFromText(*text);
  if (!assignments.ok()) {
    LogWarn(kAgentLog, "{}: {}", AssignmentsPath().string(), assignments.status().message());
    return;
  }
  // What is on disk and not listed is left alone until the server says so.
  for (const spec::Assignment& assignment : assignments->assignments)
    ControllerOf(assignment.instance_id).Assign(assignment);
}

void Agent::ApplyAssignments(const Assignments& assignments) {
  const Status saved = WriteFileAtomic(AssignmentsPath(), AssignmentsToText(assignments), 0600);
  if (!saved.ok()) LogWarn(kAgentLog, "{}", saved.message());
  std::set<std::string> listed(assignments.unreadable.begin(), assignments.unreadable.end());
  for (const spec::Assignment& assignment : assignments.assignments) {
    listed.insert(assignment.instance_id);
    ControllerOf(assignment.instance_id).Assign(assignment);
  }
  for (const auto& [id, controller] : controllers_) {
    if (!listed.contains(id)) controller->Stop(InstanceController::Files::kRemove);
  }
  std::erase_if(controllers_, [&](const auto& each) {
    return each.second->finished() && !listed.contains(each.first);
  });
}

int Agent::Run() {
  while (mode_ == Mode::kServing || (mode_ == Mode::kStopping && !AllFinished())) {
    TakeNews();
    TickAll();
    Wait();
  }
  if (mode_ == Mode::kStopping) reporter_.Flush(/*timeout_seconds=*/2);
  LogInfo(kAgentLog, "{}", mode_ == Mode::kLeaving ? "leaving; engines go on" : "stopped");
  return context_.virtual_node == nullptr ? 0 : LeaveCluster();
}

// The exit status.
int Agent::LeaveCluster() {
  link_.reset();  // a heartbeat would register the node again
  const Status left = api_.Leave({});
  // One that the server does not know has left already.
  if (left.ok() || left.code() == Code::kNotFound) return 0;
  LogError(kAgentLog, "the server could not be told that this node leaves: {}", left.message());
  return InfoOf(left.code()).exit_code;
}

void Agent::TakeNews() {
  if (mode_ != Mode::kServing || !link_) return;
  if (const auto assignments = link_->TakeAssignments()) ApplyAssignments(*assignments);
  if (!link_->TakeReturned()) return;
  for (const auto& [id, controller] : controllers_) controller->ReportAgain();
}

void Agent::TickAll() {
  for (const auto& [id, controller] : controllers_) controller->Tick();
}

bool Agent::AllFinished() const {
  return std::all_of(controllers_.begin(), controllers_.end(),
                     [](const auto& each) { return each.second->finished(); });
}

// Until the next tick, or a signal, or news from the server.
void Agent::Wait() {
  pollfd waiting[] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                      {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
  const int tick_ms = static_cast<int>(context_.timings.tick_seconds * 1000);
  if (mode_ == Mode::kStopping && AllFinished()) return;
  ::poll(waiting, std::size(waiting), tick_ms);
  eventfd_t ignored = 0;
  ::eventfd_read(wake_.get(), &ignored);
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info))
    OnSignal(static_cast<int>(info.ssi_signo));
}

void Agent::OnSignal(int number) {
  if (number == SIGHUP && context_.virtual_node == nullptr) {
    mode_ = Mode::kLeaving;
    return;
  }
  if (mode_ == Mode::kStopping) {
    for (const auto& [id, controller] : controllers_) controller->KillNow();
    return;
  }
  LogInfo(kAgentLog, "stopping {} instances", controllers_.size());
  mode_ = Mode::kStopping;
  // The next agent starts them again from the kept assignments.
  for (const auto& [id, controller] : controllers_)
    controller->Stop(InstanceController::Files::kKeep);
}

int RunAgentWith(const AgentOptions& options, const AgentTimings& timings) {
  const sigset_t set = HandledSignals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  auto worker_id = LoadOrCreateWorkerId(options.layout.worker_identity());
  if (!worker_id.ok()) {
    LogError(kAgentLog, "{}", worker_id.status().message());
    return InfoOf(worker_id.status().code()).exit_code;
  }
  // One agent per data directory.
  const auto lock =
      FileLock::Acquire(options.layout.worker_identity().parent_path() / "agent.lock");
  if (!lock.ok()) {
    LogError(kAgentLog, "{}", lock.status().message());
    return InfoOf(lock.status().code()).exit_code;
  }
  Agent agent(options, timings, std::move(worker_id).value());
  if (options.leaves_at_once) ::raise(SIGTERM);
  return agent.Run();
}

int RunAgent(const AgentOptions& options) { return RunAgentWith(options, AgentTimings{}); }

}  // namespace redline::platform
