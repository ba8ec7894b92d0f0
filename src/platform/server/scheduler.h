// Which worker an instance goes to. Pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/server/cluster.h"

namespace redline::platform {

// Host memory one replica of a deployment needs; a failure says why nobody can know.
using MemoryNeed = std::function<Result<int64_t>(const spec::Deployment&)>;

// Memory that a new engine may use on the worker: what is free now less what engines that are still
// starting will take, and never more than the total less what all its engines may grow to.
int64_t FreeBytes(const ClusterState& state, const WorkerRecord& worker, const MemoryNeed& need);

// The reachable worker with the most free memory; nullptr: there is none.
const WorkerRecord* RoomiestWorker(const ClusterState& state, const MemoryNeed& need);

// The worker's GPUs of that model that no instance has; an instance has its own until it is
// forgotten, whether it runs or not. By index.
std::vector<const spec::WorkerGpu*> UnclaimedGpus(const ClusterState& state,
                                                  const spec::Worker& worker,
                                                  std::string_view model);

struct Seat {
  std::string worker;         // its id
  std::vector<int64_t> gpus;  // as many as the deployment claims
};
// Where a new instance goes, or the reason why it has to wait, with the arithmetic. For GPUs: the
// worker that has the fewest unclaimed ones which suffice, so that whole nodes stay whole.
Result<Seat> PlaceInstance(const ClusterState& state, const spec::Deployment& deployment,
                           const MemoryNeed& need);

// How many instances that need `needed_bytes` of host memory each, or these GPUs, would find room.
int64_t NumThatFit(const ClusterState& state, int64_t needed_bytes, const MemoryNeed& need);
int64_t NumThatFit(const ClusterState& state, const spec::GpuClaim& claim);

}  // namespace redline::platform
