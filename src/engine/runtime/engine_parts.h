// An engine put together from parts that are already made: the seam where tests give it a model of
// their own. Engine::Start ends here.
#pragma once

#include <memory>
#include <vector>

#include "engine/kernels/thread_pool.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

// What one data-parallel rank computes with.
struct RankParts {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Model> model;  // built over `pool`
};

struct EngineParts {
  std::vector<RankParts> ranks;  // at least one; all of the same model
  ResolvedEngine resolved;       // kv_bytes is filled in
};

// Allocates the KV pools and starts the engine threads.
Result<std::unique_ptr<Engine>> StartEngine(EngineParts parts, MetricsRegistry& metrics);

}  // namespace redline::engine
