// An engine put together from parts that are already made: the seam where tests give it a model of
// their own. Engine::Start ends here.
#pragma once

#include <memory>

#include "engine/kernels/thread_pool.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

struct EngineParts {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Model> model;  // built over `pool`
  ResolvedEngine resolved;       // kv_bytes is filled in
};

// Allocates the KV pool and starts the engine thread.
Result<std::unique_ptr<Engine>> StartEngine(EngineParts parts, MetricsRegistry& metrics);

}  // namespace redline::engine
