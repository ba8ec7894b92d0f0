#include "platform/server/controllers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

using spec::InstanceState;

// "does not fit" of "does not fit: needs 3 GiB, host has 2 GiB".
std::string_view KindOfReason(std::string_view reason) {
  return reason.substr(0, reason.find(':'));
}

class Controllers {
 public:
  Controllers(const ClusterState& state, const MemoryNeed& need, const Moment& now)
      : observed_(state), state_(state), need_(need), now_(now) {}

  WriteBatch Run() {
    for (const WorkerRecord& worker : observed_.workers) WatchWorker(worker);
    for (const StoredInstance& stored : observed_.instances) ForgetStopped(stored);
    for (const spec::Deployment& deployment : observed_.deployments) {
      MatchReplicas(deployment);
      FinishDeletion(deployment);
    }
    for (size_t index = 0; index < state_.instances.size(); ++index) Place(index);
    CollectChanges();
    return std::move(batch_);
  }

 private:
  // ---- workers

  void WatchWorker(const WorkerRecord& record) {
    const std::chrono::duration<double> silent = now_.monotonic - record.last_seen;
    if (record.worker.state != kWorkerReady || silent.count() < kWorkerSilentSeconds) return;
    spec::Worker worker = record.worker;
    worker.state = kWorkerUnreachable;
    batch_.put_workers.push_back(worker);
    for (WorkerRecord& each : state_.workers) {
      if (each.worker.id == worker.id) each.worker.state = kWorkerUnreachable;
    }
    for (const StoredInstance& stored : observed_.instances) {
      if (stored.instance.worker != worker.id) continue;
      const spec::Instance seen = state_.EffectiveInstance(stored);
      AddEvent(seen.deployment, seen.id, seen.state, seen.reason);
    }
  }

  // ---- instances that are to go

  void ForgetStopped(const StoredInstance& stored) {
    if (stored.wanted && observed_.FindDeployment(stored.instance.deployment) != nullptr) return;
    const std::string why = WhyForgettable(stored);
    if (why.empty()) return;
    AddEvent(stored.instance.deployment, stored.instance.id, InstanceState::kStopped, why);
    batch_.delete_instances.push_back(stored.instance.id);
    std::erase_if(state_.instances,
                  [&](const auto& each) { return each.instance.id == stored.instance.id; });
  }

  // Why an instance that is to go can be forgotten; empty: its engine may still run.
  std::string WhyForgettable(const StoredInstance& stored) const {
    const spec::Instance& instance = stored.instance;
    if (instance.worker.empty()) return "it never ran";
    if (instance.state == InstanceState::kStopped) return "stopped";
    const WorkerRecord* worker = observed_.FindWorker(instance.worker);
    if (worker == nullptr) return "its worker is unknown";
    const std::chrono::duration<double> silent = now_.monotonic - worker->last_seen;
    if (worker->worker.state != kWorkerUnreachable || silent.count() < kForgetSeconds) return "";
    return fmt::format(
        "forgotten: worker {} has been silent for {}; should it come back, it stops the engine",
        worker->worker.name, FormatDuration(silent.count()));
  }

  // ---- as many instances as replicas

  void MatchReplicas(const spec::Deployment& deployment) {
    std::vector<StoredInstance*> wanted;
    for (StoredInstance& stored : state_.instances) {
      if (stored.instance.deployment == deployment.name && stored.wanted) wanted.push_back(&stored);
    }
    const size_t replicas = deployment.deleting ? 0 : static_cast<size_t>(deployment.replicas);
    // Those that run stay longest, and among equals the oldest.
    std::stable_sort(wanted.begin(), wanted.end(), [this](const auto* left, const auto* right) {
      return IsRunning(*left) && !IsRunning(*right);
    });
    for (size_t index = replicas; index < wanted.size(); ++index)
      Unwant(*wanted[index], deployment.deleting ? "the deployment is deleted" : "scaled down");
    for (size_t number = wanted.size(); number < replicas; ++number) Create(deployment);
  }

  bool IsRunning(const StoredInstance& stored) const {
    return state_.EffectiveInstance(stored).state == InstanceState::kRunning;
  }

  void Create(const spec::Deployment& deployment) {
    StoredInstance stored;
    stored.instance.id = NewId("inst");
    stored.instance.deployment = deployment.name;
    stored.instance.reason = "waiting for the scheduler";
    state_.instances.push_back(std::move(stored));
  }

  void Unwant(StoredInstance& stored, const std::string& why) {
    stored.wanted = false;
    AddEvent(stored.instance.deployment, stored.instance.id, InstanceState::kDraining,
             "to be stopped: " + why);
  }

  void FinishDeletion(const spec::Deployment& deployment) {
    if (!deployment.deleting || !state_.InstancesOf(deployment.name).empty()) return;
    batch_.delete_deployments.push_back(deployment.name);
    std::erase_if(batch_.events,
                  [&](const Event& event) { return event.deployment == deployment.name; });
  }

  // ---- the scheduler

  void Place(size_t index) {
    StoredInstance& stored = state_.instances[index];
    spec::Instance& instance = stored.instance;
    if (!stored.wanted || instance.state != InstanceState::kPending) return;
    const spec::Deployment* deployment = state_.FindDeployment(instance.deployment);
    if (deployment == nullptr) return;
    auto seat = PlaceInstance(state_, *deployment, need_);
    if (!seat.ok()) {
      instance.reason = seat.status().message();
      return;
    }
    instance.worker = seat->worker;
    instance.gpus = std::move(seat->gpus);
    instance.state = InstanceState::kScheduled;
    instance.reason = "on " + state_.FindWorker(instance.worker)->worker.name;
    if (!instance.gpus.empty())
      instance.reason += fmt::format(", GPU {}", fmt::join(instance.gpus, ", "));
    ++instance.generation;
  }

  // ---- what came out

  void CollectChanges() {
    for (const StoredInstance& stored : state_.instances) {
      const StoredInstance* before = observed_.FindInstance(stored.instance.id);
      const spec::Instance& after = stored.instance;
      const auto event = EventOfChange(before == nullptr ? spec::Instance() : before->instance,
                                       after, now_.unix_ms);
      if (event) batch_.events.push_back(*event);
      if (before == nullptr || event || before->wanted != stored.wanted)
        batch_.put_instances.push_back(stored);
    }
  }

  void AddEvent(const std::string& deployment, const std::string& instance_id, InstanceState state,
                const std::string& reason) {
    batch_.events.push_back({.at_ms = now_.unix_ms,
                             .deployment = deployment,
                             .instance_id = instance_id,
                             .state = std::string(NameOf(state)),
                             .reason = reason});
  }

  const ClusterState& observed_;
  ClusterState state_;  // with the changes so far
  const MemoryNeed& need_;
  const Moment& now_;
  WriteBatch batch_;
};

}  // namespace

// While an engine downloads or starts, its reason tells of progress; while it waits for memory, the
// figures in its reason change with every heartbeat. Neither is worth a line each.
std::optional<Event> EventOfChange(const spec::Instance& before, const spec::Instance& after,
                                   int64_t unix_ms) {
  bool same_reason = true;
  if (after.state == InstanceState::kError || after.state == InstanceState::kStopped)
    same_reason = before.reason == after.reason;
  if (after.state == InstanceState::kPending)
    same_reason = KindOfReason(before.reason) == KindOfReason(after.reason);
  if (before.state == after.state && same_reason) return std::nullopt;
  return Event{.at_ms = unix_ms,
               .deployment = after.deployment,
               .instance_id = after.id,
               .state = std::string(NameOf(after.state)),
               .reason = after.reason};
}

WriteBatch Reconcile(const ClusterState& state, const MemoryNeed& need, const Moment& now) {
  return Controllers(state, need, now).Run();
}

}  // namespace redline::platform
