// What the engine thread owns, and one step over it: schedule, forward, sample, retire, deliver.
//
// The engine thread calls everything here, except stats(), which any thread may read. The compute
// pool and the mask filler work for it within a step.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine/kernels/thread_pool.h"
#include "engine/model/model.h"
#include "engine/runtime/engine_metrics.h"
#include "engine/runtime/kv_pages.h"
#include "engine/runtime/mask_filler.h"
#include "engine/runtime/sampler.h"
#include "engine/runtime/scheduler.h"

namespace redline::engine {

// Written by the engine thread when it has scheduled a step, and before it delivers its events.
struct EngineStats {
  std::atomic<int64_t> num_running = 0;
  std::atomic<int64_t> num_waiting = 0;
  std::atomic<int64_t> free_pages = 0;  // those that only the prefix cache uses included
  std::atomic<uint64_t> steps_done = 0;
};

// One row of logits: of a prompt's token, to score the token after it, or of a sequence's last
// token or a draft after it, to draw the next.
struct LogitsRow {
  Sequence* sequence = nullptr;
  int64_t position = 0;
  std::optional<TokenId> draft = {};  // at `position`, beyond the sequence's tokens
  bool draws() const { return position + 1 >= sequence->num_tokens(); }
};

// Rows of logits a step can ask for.
int64_t NumLogitsRows(const EngineOptions& options);

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

  // Neither scores nor a token and no failure: the logits were not finite.
  struct RowResult {
    std::optional<std::vector<TokenLogprob>> scores;
    std::optional<SampledToken> token;
    Status failure;
  };

  EngineCore(const EngineOptions& options, Model* model, ThreadPool* pool, MetricsRegistry& metrics,
             std::unique_ptr<KvCache> kv, std::vector<float> logits);

  std::vector<Outcome> Compute(const StepPlan& plan);
  void Forward(const StepPlan& plan, size_t num_logits_rows);
  void MoveOn(const StepPlan& plan);
  std::vector<RowResult> EvaluateRows(const std::vector<LogitsRow>& rows);
  RowResult EvaluateRow(const LogitsRow& row, std::span<const float> logits,
                        Sampler& sampler) const;
  std::vector<Outcome> SettleAll(const std::vector<LogitsRow>& rows,
                                 std::vector<RowResult> results);
  bool AcceptDraft(const LogitsRow& row);
  std::optional<TokenEvent> Settle(const LogitsRow& row, RowResult result);
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
  KvPages pages_;
  Scheduler scheduler_;
  MaskFiller mask_filler_;
  std::vector<float> logits_;      // [NumLogitsRows(options)][vocab_size]
  std::vector<Sampler> samplers_;  // one per row of logits
  int64_t evictions_told_ = 0;     // to the metrics
  EngineStats stats_;
};

}  // namespace redline::engine
