#include "platform/server/cluster.h"

#include <algorithm>

namespace redline::platform {
namespace {

// The first of `values` for which `matches`, or nullptr; keeps the constness of `values`.
template <typename Values, typename Matches>
auto FindIf(Values& values, const Matches& matches) {
  const auto found = std::find_if(values.begin(), values.end(), matches);
  return found == values.end() ? nullptr : &*found;
}

template <typename T, typename Matches>
void Replace(std::vector<T>& values, const T& value, const Matches& matches) {
  if (T* found = FindIf(values, matches)) {
    *found = value;
  } else {
    values.push_back(value);
  }
}

bool SameGpu(const spec::WorkerGpu& left, const spec::WorkerGpu& right) {
  return left.uuid == right.uuid && left.index == right.index && left.name == right.name &&
         left.memory_total_bytes == right.memory_total_bytes &&
         left.driver_version == right.driver_version;
}

// Whether a change of the worker is worth a write.
bool SameIdentity(const spec::Worker& left, const spec::Worker& right) {
  return left.name == right.name && left.is_virtual == right.is_virtual &&
         left.device == right.device && left.device_model == right.device_model &&
         left.num_devices == right.num_devices &&
         left.memory_total_bytes == right.memory_total_bytes && left.isa == right.isa &&
         left.version == right.version && left.state == right.state &&
         left.cpu.threads == right.cpu.threads && left.device_problems == right.device_problems &&
         std::equal(left.gpus.begin(), left.gpus.end(), right.gpus.begin(), right.gpus.end(),
                    SameGpu);
}

void AddReturnEvents(const ClusterState& state, const spec::Worker& worker, WriteBatch& batch) {
  for (const StoredInstance& stored : state.instances) {
    if (stored.instance.worker != worker.id) continue;
    batch.events.push_back({.at_ms = worker.heartbeat_at_ms,
                            .deployment = stored.instance.deployment,
                            .instance_id = stored.instance.id,
                            .state = std::string(NameOf(stored.instance.state)),
                            .reason = "worker " + worker.name + " is back"});
  }
}

}  // namespace

const spec::Deployment* ClusterState::FindDeployment(std::string_view name) const {
  return FindIf(deployments, [&](const auto& each) { return each.name == name; });
}

const StoredInstance* ClusterState::FindInstance(std::string_view id) const {
  return FindIf(instances, [&](const auto& each) { return each.instance.id == id; });
}

const WorkerRecord* ClusterState::FindWorker(std::string_view id) const {
  return FindIf(workers, [&](const auto& each) { return each.worker.id == id; });
}

std::vector<const StoredInstance*> ClusterState::InstancesOf(std::string_view deployment) const {
  std::vector<const StoredInstance*> found;
  for (const auto& stored : instances) {
    if (stored.instance.deployment == deployment) found.push_back(&stored);
  }
  return found;
}

spec::Instance ClusterState::EffectiveInstance(const StoredInstance& stored) const {
  spec::Instance instance = stored.instance;
  const WorkerRecord* worker = FindWorker(instance.worker);
  if (worker == nullptr || worker->worker.state != kWorkerUnreachable) return instance;
  instance.reason = "worker " + worker->worker.name + " is silent; the engine was " +
                    std::string(NameOf(instance.state)) + " when it was last heard of";
  instance.state = spec::InstanceState::kUnreachable;
  return instance;
}

Result<std::unique_ptr<Cluster>> Cluster::Load(std::unique_ptr<Store> store, MonotonicTime now) {
  RL_ASSIGN_OR_RETURN(auto contents, store->Load());
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(store)));
  cluster->state_.deployments = std::move(contents.deployments);
  cluster->state_.instances = std::move(contents.instances);
  for (auto& worker : contents.workers) cluster->state_.workers.push_back({std::move(worker), now});
  cluster->keys_ = std::move(contents.keys);
  return cluster;
}

Status Cluster::Commit(const WriteBatch& batch) {
  RL_RETURN_IF_ERROR(store_->Apply(batch));
  Remember(batch, MonotonicNow());
  return OkStatus();
}

void Cluster::Remember(const WriteBatch& batch, MonotonicTime now) {
  for (const auto& name : batch.delete_deployments)
    std::erase_if(state_.deployments, [&](const auto& each) { return each.name == name; });
  for (const auto& deployment : batch.put_deployments)
    Replace(state_.deployments, deployment,
            [&](const auto& each) { return each.name == deployment.name; });
  for (const auto& id : batch.delete_instances)
    std::erase_if(state_.instances, [&](const auto& each) { return each.instance.id == id; });
  for (const auto& stored : batch.put_instances)
    Replace(state_.instances, stored,
            [&](const auto& each) { return each.instance.id == stored.instance.id; });
  for (const auto& key : batch.put_keys)
    Replace(keys_, key, [&](const auto& each) { return each.id == key.id; });
  for (const auto& worker : batch.put_workers) {
    const auto same = [&](const WorkerRecord& each) { return each.worker.id == worker.id; };
    const WorkerRecord* known = FindIf(state_.workers, same);
    Replace(state_.workers, {worker, known == nullptr ? now : known->last_seen}, same);
  }
  for (const auto& id : batch.delete_workers)
    std::erase_if(state_.workers, [&](const auto& each) { return each.worker.id == id; });
}

Status Cluster::SeeWorker(spec::Worker worker, MonotonicTime now) {
  worker.state = kWorkerReady;
  worker.heartbeat_at_ms = UnixMillis();
  const auto same = [&](const WorkerRecord& each) { return each.worker.id == worker.id; };
  const WorkerRecord* known = FindIf(state_.workers, same);
  if (known == nullptr || !SameIdentity(known->worker, worker)) {
    WriteBatch batch;
    batch.put_workers.push_back(worker);
    if (known != nullptr && known->worker.state == kWorkerUnreachable)
      AddReturnEvents(state_, worker, batch);
    RL_RETURN_IF_ERROR(Commit(batch));
  }
  Replace(state_.workers, {worker, now}, same);  // same looks at worker: it is not moved
  return OkStatus();
}

void Cluster::SetProgress(const std::string& instance_id, const std::string& reason,
                          const spec::Progress& progress) {
  StoredInstance* stored =
      FindIf(state_.instances, [&](const auto& each) { return each.instance.id == instance_id; });
  if (stored == nullptr) return;
  stored->instance.reason = reason;
  stored->instance.progress = progress;
}

}  // namespace redline::platform
