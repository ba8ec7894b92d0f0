#include "platform/server/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline::platform {
namespace {

std::string Bytes(int64_t num_bytes) { return FormatBytes(static_cast<uint64_t>(num_bytes)); }

bool IsReady(const WorkerRecord& worker) { return worker.worker.state == kWorkerReady; }

}  // namespace

int64_t FreeBytes(const ClusterState& state, const WorkerRecord& worker, const MemoryNeed& need) {
  int64_t promised = 0;  // to all engines of the worker
  int64_t starting = 0;  // to those whose memory is not taken yet
  for (const StoredInstance& stored : state.instances) {
    if (stored.instance.worker != worker.worker.id) continue;
    const auto* deployment = state.FindDeployment(stored.instance.deployment);
    if (deployment == nullptr) continue;
    const auto needed = need(*deployment);
    if (!needed.ok()) continue;
    promised += *needed;
    if (stored.instance.state != spec::InstanceState::kRunning) starting += *needed;
  }
  return std::max<int64_t>(0, std::min(worker.worker.memory_available_bytes - starting,
                                       worker.worker.memory_total_bytes - promised));
}

const WorkerRecord* RoomiestWorker(const ClusterState& state, const MemoryNeed& need) {
  const WorkerRecord* best = nullptr;
  int64_t most = -1;
  for (const WorkerRecord& worker : state.workers) {
    if (!IsReady(worker)) continue;
    const int64_t free_bytes = FreeBytes(state, worker, need);
    if (free_bytes <= most) continue;
    best = &worker;
    most = free_bytes;
  }
  return best;
}

Result<std::string> PlaceInstance(const ClusterState& state, const spec::Deployment& deployment,
                                  const MemoryNeed& need) {
  RL_ASSIGN_OR_RETURN(const int64_t needed, need(deployment));
  const WorkerRecord* worker = RoomiestWorker(state, need);
  if (worker == nullptr)
    return Unavailable(state.workers.empty() ? "waiting for the first worker"
                                             : "waiting: no worker is reachable");
  const int64_t free_bytes = FreeBytes(state, *worker, need);
  if (needed <= free_bytes) return worker->worker.id;
  return ResourceExhausted(fmt::format(
      "does not fit: needs {}, {} has {} left for new engines; stop something, or deploy with "
      "smaller parameters",
      Bytes(needed), worker->worker.name, Bytes(free_bytes)));
}

int64_t NumThatFit(const ClusterState& state, int64_t needed_bytes, const MemoryNeed& need) {
  int64_t number = 0;
  for (const WorkerRecord& worker : state.workers) {
    if (IsReady(worker))
      number += FreeBytes(state, worker, need) / std::max<int64_t>(1, needed_bytes);
  }
  return number;
}

}  // namespace redline::platform
