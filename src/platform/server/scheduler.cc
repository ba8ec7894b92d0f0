#include "platform/server/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/strings.h"

namespace redline::platform {
namespace {

std::string Bytes(int64_t num_bytes) { return FormatBytes(static_cast<uint64_t>(num_bytes)); }

bool IsReady(const WorkerRecord& worker) { return worker.worker.state == kWorkerReady; }

// Of the unclaimed GPUs those on which nobody else uses the memory that is claimed.
std::vector<const spec::WorkerGpu*> FreeGpus(const ClusterState& state, const spec::Worker& worker,
                                             const spec::GpuClaim& claim) {
  auto gpus = UnclaimedGpus(state, worker, claim.name);
  std::erase_if(gpus,
                [&](const auto* gpu) { return gpu->memory_available_bytes < claim.bytes_each; });
  return gpus;
}

std::string DescribeGpus(const ClusterState& state, const spec::Worker& worker,
                         const spec::GpuClaim& claim) {
  int64_t all = 0;
  for (const auto& gpu : worker.gpus) all += gpu.name == claim.name ? 1 : 0;
  const auto unclaimed = static_cast<int64_t>(UnclaimedGpus(state, worker, claim.name).size());
  const auto free = static_cast<int64_t>(FreeGpus(state, worker, claim).size());
  return fmt::format("{} has {} of {} ({} taken by deployments, {} used by others)", worker.name,
                     free, all, all - unclaimed, unclaimed - free);
}

bool IsReadyFor(const WorkerRecord& worker, const spec::Deployment& deployment) {
  return IsReady(worker) && MayRunOn(deployment, worker.worker);
}

Status NoGpus(const ClusterState& state, const spec::Deployment& deployment) {
  const spec::GpuClaim& claim = deployment.gpus;
  std::vector<std::string> nodes;
  for (const WorkerRecord& worker : state.workers) {
    if (IsReadyFor(worker, deployment)) nodes.push_back(DescribeGpus(state, worker.worker, claim));
  }
  return ResourceExhausted(fmt::format(
      "does not fit: takes {} x {}{}, {}; stop something, or deploy on fewer GPUs", claim.count,
      claim.name,
      claim.bytes_each == 0 ? "" : fmt::format(" with {} each", Bytes(claim.bytes_each)),
      Join(nodes, ", ")));
}

Result<Seat> PlaceOnGpus(const ClusterState& state, const spec::Deployment& deployment) {
  const spec::GpuClaim& claim = deployment.gpus;
  const auto count = static_cast<size_t>(claim.count);
  Seat seat;
  size_t fewest = std::numeric_limits<size_t>::max();
  for (const WorkerRecord& worker : state.workers) {
    if (!IsReadyFor(worker, deployment)) continue;
    const auto gpus = FreeGpus(state, worker.worker, claim);
    if (gpus.size() < count || gpus.size() >= fewest) continue;
    fewest = gpus.size();
    seat = {.worker = worker.worker.id, .gpus = {}};
    for (size_t index = 0; index < count; ++index) seat.gpus.push_back(gpus[index]->index);
  }
  if (seat.worker.empty()) return NoGpus(state, deployment);
  return seat;
}

// The reachable worker that has the most free memory for it; nullptr: there is none.
const WorkerRecord* RoomiestWorker(const ClusterState& state, const spec::Deployment& deployment,
                                   const MemoryNeed& need) {
  const WorkerRecord* best = nullptr;
  int64_t most = -1;
  for (const WorkerRecord& worker : state.workers) {
    if (!IsReadyFor(worker, deployment)) continue;
    const int64_t free_bytes = FreeBytes(state, worker, need);
    if (free_bytes <= most) continue;
    best = &worker;
    most = free_bytes;
  }
  return best;
}

Status NoWorker(const ClusterState& state, const spec::Deployment& deployment) {
  if (state.workers.empty()) return Unavailable("waiting for the first worker");
  if (!deployment.worker.empty()) {
    const WorkerRecord* wanted = state.FindWorker(deployment.worker);
    return Unavailable(fmt::format("waiting: the worker it is meant for ({}) {}",
                                   wanted == nullptr ? deployment.worker : wanted->worker.name,
                                   wanted == nullptr ? "has left" : "is not reachable"));
  }
  return Unavailable(deployment.is_virtual ? "waiting: no virtual worker is reachable"
                                           : "waiting: no worker is reachable");
}

}  // namespace

bool HasReadyWorker(const ClusterState& state, bool is_virtual) {
  return std::any_of(state.workers.begin(), state.workers.end(), [&](const WorkerRecord& worker) {
    return IsReady(worker) && worker.worker.is_virtual == is_virtual;
  });
}

bool MayRunOn(const spec::Deployment& deployment, const spec::Worker& worker) {
  return deployment.is_virtual == worker.is_virtual &&
         (deployment.worker.empty() || deployment.worker == worker.id);
}

std::vector<const spec::WorkerGpu*> UnclaimedGpus(const ClusterState& state,
                                                  const spec::Worker& worker,
                                                  std::string_view model) {
  std::set<int64_t> claimed;
  for (const StoredInstance& stored : state.instances) {
    if (stored.instance.worker == worker.id)
      claimed.insert(stored.instance.gpus.begin(), stored.instance.gpus.end());
  }
  std::vector<const spec::WorkerGpu*> unclaimed;
  for (const spec::WorkerGpu& gpu : worker.gpus) {
    if (gpu.name == model && !claimed.contains(gpu.index)) unclaimed.push_back(&gpu);
  }
  std::sort(unclaimed.begin(), unclaimed.end(),
            [](const auto* left, const auto* right) { return left->index < right->index; });
  return unclaimed;
}

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

Result<Seat> PlaceInstance(const ClusterState& state, const spec::Deployment& deployment,
                           const MemoryNeed& need) {
  RL_ASSIGN_OR_RETURN(const int64_t needed, need(deployment));
  const WorkerRecord* worker = RoomiestWorker(state, deployment, need);
  if (worker == nullptr) return NoWorker(state, deployment);
  if (deployment.gpus.count > 0) return PlaceOnGpus(state, deployment);
  const int64_t free_bytes = FreeBytes(state, *worker, need);
  if (needed <= free_bytes) return Seat{.worker = worker->worker.id, .gpus = {}};
  return ResourceExhausted(fmt::format(
      "does not fit: needs {}, {} has {} left for new engines; stop something, or deploy with "
      "smaller parameters",
      Bytes(needed), worker->worker.name, Bytes(free_bytes)));
}

int64_t NumThatFit(const ClusterState& state, const spec::Deployment& deployment,
                   int64_t needed_bytes, const MemoryNeed& need) {
  const spec::GpuClaim& claim = deployment.gpus;
  int64_t number = 0;
  for (const WorkerRecord& worker : state.workers) {
    if (!IsReadyFor(worker, deployment)) continue;
    number += claim.count > 0
                  ? static_cast<int64_t>(FreeGpus(state, worker.worker, claim).size()) / claim.count
                  : FreeBytes(state, worker, need) / std::max<int64_t>(1, needed_bytes);
  }
  return number;
}

}  // namespace redline::platform
