// Which worker an instance goes to. Pure functions.
#pragma once

#include <functional>
#include <string>

#include "platform/server/cluster.h"

namespace redline::platform {

// Memory one replica of a deployment needs; a failure says why nobody can know.
using MemoryNeed = std::function<Result<int64_t>(const spec::Deployment&)>;

// Memory that a new engine may use on the worker: what is free now less what engines that are still
// starting will take, and never more than the total less what all its engines may grow to.
int64_t FreeBytes(const ClusterState& state, const WorkerRecord& worker, const MemoryNeed& need);

// The reachable worker with the most free memory; nullptr: there is none.
const WorkerRecord* RoomiestWorker(const ClusterState& state, const MemoryNeed& need);

// The id of the worker for a new instance, or the reason why it has to wait, with the arithmetic.
Result<std::string> PlaceInstance(const ClusterState& state, const spec::Deployment& deployment,
                                  const MemoryNeed& need);

// How many instances that need `needed_bytes` each would find room.
int64_t NumThatFit(const ClusterState& state, int64_t needed_bytes, const MemoryNeed& need);

}  // namespace redline::platform
