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

// Whether any worker of the kind is reachable.
bool HasReadyWorker(const ClusterState& state, bool is_virtual);

// Whether the deployment may ever run there: a virtual one on virtual workers alone, every other on
// real ones, and each on the worker that it was meant for.
bool MayRunOn(const spec::Deployment& deployment, const spec::Worker& worker);

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

// How many instances of it, each with its GPUs or `needed_bytes` of host memory, would find room.
int64_t NumThatFit(const ClusterState& state, const spec::Deployment& deployment,
                   int64_t needed_bytes, const MemoryNeed& need);

}  // namespace redline::platform
