// One data-parallel rank: a thread with the scheduler, KV pool and sequences that it owns, and the
// queue that feeds it. Thread-safe, except that construction and destruction are one thread's.
#pragma once

#include <memory>
#include <thread>

#include "engine/runtime/engine_core.h"
#include "engine/runtime/engine_parts.h"
#include "engine/runtime/request_queue.h"

namespace redline::engine {

class EngineRank {
 public:
  // Allocates the rank's KV pool and starts its thread, "engine-INDEX".
  static Result<std::unique_ptr<EngineRank>> Start(int64_t index, const EngineOptions& options,
                                                   RankParts parts, MetricsRegistry& metrics);
  // Ends every request, then the thread.
  ~EngineRank();

  RequestQueue& queue() { return queue_; }
  const EngineStats& stats() const { return core_->stats(); }
  const Model& model() const { return *parts_.model; }

 private:
  EngineRank(int64_t index, int64_t max_requests, RankParts parts,
             std::unique_ptr<EngineCore> core);
  void Run(int64_t index);

  RankParts parts_;
  std::unique_ptr<EngineCore> core_;  // owner: thread_; others read its stats
  RequestQueue queue_;
  std::thread thread_;
};

}  // namespace redline::engine
