// Everything the server's operations work on. Owner: the control thread; `layout` and `cache_dir`
// never change and may be read from anywhere.
#pragma once

#include <filesystem>

#include "platform/catalog/catalog.h"
#include "platform/layout.h"
#include "platform/profiles/profile_store.h"
#include "platform/server/assessment_cache.h"
#include "platform/server/cluster.h"
#include "platform/server/controllers.h"
#include "platform/server/lab_jobs.h"
#include "platform/server/log_broker.h"
#include "platform/server/long_polls.h"
#include "platform/server/plan_runner.h"
#include "platform/server/view_revisions.h"

namespace redline::platform {

// What the gateway was last known to have: the revision with which it came for the next snapshot.
struct GatewaySeen {
  int64_t revision = -1;
  MonotonicTime at;  // the epoch: never
};

class ControlPlane {
 public:
  // `program`: the binary that does the lab's jobs.
  ControlPlane(Catalog& catalog, std::unique_ptr<Cluster> cluster, DataLayout layout,
               std::filesystem::path cache_dir, std::filesystem::path program);

  // Runs the controllers until they have nothing left to do.
  void RunControllers();
  // After every change and on every tick: the controllers, then the polls that can be answered.
  void Settle();

  const ClusterState& state() const { return cluster->state(); }
  // Host memory of one replica, of one on GPUs nothing that is known; kNotFound when the library no
  // longer has its model.
  Result<int64_t> NeededBytes(const spec::Deployment& deployment) const;
  MemoryNeed need() const {
    return [this](const spec::Deployment& deployment) { return NeededBytes(deployment); };
  }

  Catalog& catalog;
  const std::unique_ptr<Cluster> cluster;
  const DataLayout layout;
  const std::filesystem::path cache_dir;
  LongPolls polls;
  LogBroker logs;
  ViewRevisions revisions;
  GatewaySeen gateway;
  PlanRunner plans;
  LabJobs lab;
  mutable AssessmentCache assessments;
  const ProfileStore profiles;

 private:
  std::string last_problem_;  // of writing the controllers' changes; empty: none
};

}  // namespace redline::platform
