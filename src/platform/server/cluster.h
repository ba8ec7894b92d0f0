// The control plane's state in memory, written through to the store.
//
// Owner: the control thread (control_loop.h). Reads are plain; every change that must survive goes
// through Commit().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "platform/store/store.h"
#include "spec/deployment.h"

namespace redline::platform {

struct WorkerRecord {
  spec::Worker worker;      // `state` is what the server thinks of it
  MonotonicTime last_seen;  // of its last message
};

// What controllers look at. In order of creation.
struct ClusterState {
  std::vector<spec::Deployment> deployments;
  std::vector<StoredInstance> instances;
  std::vector<WorkerRecord> workers;

  const spec::Deployment* FindDeployment(std::string_view name) const;  // nullptr: none
  const StoredInstance* FindInstance(std::string_view id) const;
  const WorkerRecord* FindWorker(std::string_view id) const;
  std::vector<const StoredInstance*> InstancesOf(std::string_view deployment) const;
  // The instance as others should see it: UNREACHABLE while its worker is silent.
  spec::Instance EffectiveInstance(const StoredInstance& stored) const;
};

inline constexpr char kWorkerReady[] = "READY";
inline constexpr char kWorkerUnreachable[] = "UNREACHABLE";

class Cluster {
 public:
  // Workers of an earlier run count as seen `now`.
  static Result<std::unique_ptr<Cluster>> Load(std::unique_ptr<Store> store, MonotonicTime now);

  const ClusterState& state() const { return state_; }
  const std::vector<StoredKey>& keys() const { return keys_; }
  int64_t revision() const { return store_->revision(); }

  // Writes to the store, then changes the state. On failure nothing has changed.
  Status Commit(const WriteBatch& batch);
  // The worker has been heard of. Its memory and times are not worth a write: they are kept in
  // memory; everything else goes through Commit().
  Status SeeWorker(spec::Worker worker, MonotonicTime now);
  // Progress is not worth a write either.
  void SetProgress(const std::string& instance_id, const std::string& reason,
                   const spec::Progress& progress);
  Result<std::vector<Event>> EventsOf(const std::string& deployment) {
    return store_->EventsOf(deployment);
  }

 private:
  explicit Cluster(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  void Remember(const WriteBatch& batch, MonotonicTime now);

  std::unique_ptr<Store> store_;
  ClusterState state_;
  std::vector<StoredKey> keys_;
};

}  // namespace redline::platform
