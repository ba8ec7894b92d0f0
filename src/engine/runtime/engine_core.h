// What the engine thread owns, and one step over it: schedule, forward, sample, retire, deliver.
//
// No threads or locks of its own (the compute pool aside): the engine thread calls everything here,
// except stats(), which any thread may read.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "engine/kernels/thread_pool.h"
#include "engine/model/model.h"
#include "engine/runtime/engine_metrics.h"
#include "engine/runtime/page_pool.h"
#include "engine/runtime/sampler.h"
#include "engine/runtime/scheduler.h"

namespace redline::engine {

// Written by the engine thread when it has scheduled a step, and before it delivers its events.
struct EngineStats {
  std::atomic<int64_t> num_running = 0;
  std::atomic<int64_t> num_waiting = 0;
  std::atomic<int64_t> free_pages = 0;
  std::atomic<uint64_t> steps_done = 0;
};

class EngineCore {
 public:
  // `options` are resolved. `model`, `pool` and `metrics` outlive the core.
  static Result<std::unique_ptr<EngineCore>> Create(const EngineOptions& options, Model* model,
                                                    ThreadPool* pool, MetricsRegistry& metrics);

  void Add(std::unique_ptr<Sequence> sequence);
  // These deliver last events and return how many.
  int64_t End(RequestId id, FinishReason reason);
  int64_t AbortAll();
  int64_t Step();

  bool idle() const { return scheduler_.empty(); }
  const EngineStats& stats() const { return stats_; }

 private:
  // News for one sequence; `ended` holds the sequence when it left the scheduler.
  struct Outcome {
    Sequence* sequence = nullptr;
    TokenEvent event;
    std::unique_ptr<Sequence> ended;
  };

  // No token and no failure: the logits were not finite.
  struct SampledRow {
    std::optional<SampledToken> token;
    Status failure;
  };

  EngineCore(const EngineOptions& options, Model* model, ThreadPool* pool, MetricsRegistry& metrics,
             std::unique_ptr<KvCache> kv, std::vector<float> logits);

  std::vector<Outcome> Compute(const StepPlan& plan);
  void Forward(const StepPlan& plan, size_t num_logits_rows);
  std::vector<Outcome> SampleAll(const std::vector<Sequence*>& sequences);
  Outcome Settle(Sequence& sequence, SampledRow row);
  std::vector<Outcome> FailAll(const StepPlan& plan, const Status& error);
  void Retire(std::vector<Outcome>& outcomes);
  int64_t Deliver(std::vector<Outcome> outcomes);
  int64_t EndAll(std::vector<std::unique_ptr<Sequence>> sequences, FinishReason reason);
  void ObserveEvent(Sequence& sequence, const TokenEvent& event);
  void PublishStats();

  Model* const model_;
  ThreadPool* const pool_;
  EngineMetrics metrics_;
  std::unique_ptr<KvCache> kv_;
  PagePool pages_;
  Scheduler scheduler_;
  std::vector<float> logits_;      // [max_running_requests][vocab_size]
  std::vector<Sampler> samplers_;  // one per row of logits
  EngineStats stats_;
};

}  // namespace redline::engine
