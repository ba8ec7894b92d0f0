#include "engine/runtime/engine_core.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace redline::engine {
namespace {

// Rows times vocabulary from which sampling is worth waking the compute pool for.
constexpr int64_t kParallelSamplingElements = 1 << 16;

Result<std::vector<float>> AllocateLogits(int64_t rows, int64_t vocab_size) {
  const auto count = static_cast<size_t>(rows * vocab_size);
  try {
    return std::vector<float>(count);
  } catch (const std::exception&) {
    return ResourceExhausted(
        fmt::format("not enough memory for the logits of {} requests: need {}; lower "
                    "max_running_requests",
                    rows, FormatBytes(count * sizeof(float))));
  }
}

}  // namespace

Result<std::unique_ptr<EngineCore>> EngineCore::Create(const EngineOptions& options, Model* model,
                                                       ThreadPool* pool, MetricsRegistry& metrics) {
  RL_ASSIGN_OR_RETURN(std::vector<float> logits,
                      AllocateLogits(options.max_running_requests, model->config().vocab_size));
  RL_ASSIGN_OR_RETURN(
      std::unique_ptr<KvCache> kv,
      KvCache::Create(model->kv_layout(), options.max_total_tokens / options.page_size,
                      options.page_size));
  return std::unique_ptr<EngineCore>(
      new EngineCore(options, model, pool, metrics, std::move(kv), std::move(logits)));
}

EngineCore::EngineCore(const EngineOptions& options, Model* model, ThreadPool* pool,
                       MetricsRegistry& metrics, std::unique_ptr<KvCache> kv,
                       std::vector<float> logits)
    : model_(model),
      pool_(pool),
      metrics_(metrics),
      kv_(std::move(kv)),
      pages_(kv_->num_pages()),
      scheduler_({.max_running_requests = options.max_running_requests,
                  .chunked_prefill_size = options.chunked_prefill_size,
                  .page_size = options.page_size},
                 &pages_),
      logits_(std::move(logits)),
      samplers_(static_cast<size_t>(options.max_running_requests)) {
  metrics_.kv_pages_total.Set(static_cast<double>(pages_.num_pages()));
  PublishStats();
}

void EngineCore::Add(std::unique_ptr<Sequence> sequence) {
  scheduler_.Enqueue(std::move(sequence));
  PublishStats();
}

int64_t EngineCore::End(RequestId id, FinishReason reason) {
  std::vector<std::unique_ptr<Sequence>> removed;
  removed.push_back(scheduler_.Remove(id));
  if (removed.front() == nullptr) return 0;
  return EndAll(std::move(removed), reason);
}

int64_t EngineCore::AbortAll() { return EndAll(scheduler_.RemoveAll(), FinishReason::kAbort); }

int64_t EngineCore::Step() {
  const MonotonicTime start = MonotonicNow();
  const StepPlan plan = scheduler_.Schedule();
  PublishStats();
  for (const Sequence* sequence : plan.admitted) {
    metrics_.queue_time.Observe(SecondsSince(sequence->submitted));
    metrics_.prompt_tokens.Add(static_cast<double>(sequence->num_prompt_tokens));
  }
  metrics_.preemptions.Add(static_cast<double>(plan.num_preempted));

  std::vector<Outcome> outcomes = Compute(plan);
  Retire(outcomes);
  metrics_.steps.Add();
  metrics_.computed_tokens.Add(static_cast<double>(plan.num_rows));
  metrics_.step_time.Observe(SecondsSince(start));
  stats_.steps_done.fetch_add(1, std::memory_order_relaxed);
  PublishStats();
  return Deliver(std::move(outcomes));
}

// Computes the plan, moves its sequences on and samples. What fails in here (memory, in practice)
// fails the batch's sequences and leaves the engine whole.
std::vector<EngineCore::Outcome> EngineCore::Compute(const StepPlan& plan) {
  try {
    std::vector<Sequence*> completing;
    for (const ScheduledSlice& slice : plan.slices) {
      if (slice.completes()) completing.push_back(slice.sequence);
    }
    Forward(plan, completing.size());
    for (const ScheduledSlice& slice : plan.slices) {
      slice.sequence->num_computed += slice.num_tokens;
    }
    return SampleAll(completing);
  } catch (const std::exception& error) {
    LogError("engine", "a step failed: {}", error.what());
    return FailAll(plan, Internal(fmt::format("the step that computed this request failed: {}",
                                              error.what())));
  }
}

void EngineCore::Forward(const StepPlan& plan, size_t num_logits_rows) {
  Batch batch;
  for (const ScheduledSlice& slice : plan.slices) {
    const Sequence& sequence = *slice.sequence;
    const std::span<const TokenId> tokens(sequence.tokens);
    batch.slices.push_back({.tokens = tokens.subspan(static_cast<size_t>(sequence.num_computed),
                                                     static_cast<size_t>(slice.num_tokens)),
                            .context_len = sequence.num_computed,
                            .pages = sequence.pages,
                            .num_logits = slice.completes() ? 1 : 0});
  }
  const auto vocab_size = static_cast<size_t>(model_->config().vocab_size);
  model_->Forward(batch, *kv_, std::span(logits_).first(num_logits_rows * vocab_size));
}

std::vector<EngineCore::Outcome> EngineCore::SampleAll(const std::vector<Sequence*>& sequences) {
  const auto vocab_size = static_cast<size_t>(model_->config().vocab_size);
  std::vector<SampledRow> rows(sequences.size());
  const auto sample_row = [&](int64_t task) {
    const auto row = static_cast<size_t>(task);
    const Sequence& sequence = *sequences[row];
    const auto logits = std::span<const float>(logits_).subspan(row * vocab_size, vocab_size);
    try {
      rows[row].token = samplers_[row].Sample(logits, sequence.sampling, sequence.seed,
                                              static_cast<uint64_t>(sequence.num_output()));
    } catch (const std::exception& error) {
      rows[row].failure = Internal(fmt::format("sampling failed: {}", error.what()));
    }
  };
  const auto num_rows = static_cast<int64_t>(sequences.size());
  if (num_rows > 1 && num_rows * static_cast<int64_t>(vocab_size) >= kParallelSamplingElements) {
    pool_->Run(num_rows, sample_row);
  } else {
    for (int64_t row = 0; row < num_rows; ++row) sample_row(row);
  }
  std::vector<Outcome> outcomes;
  for (size_t row = 0; row < sequences.size(); ++row) {
    outcomes.push_back(Settle(*sequences[row], std::move(rows[row])));
  }
  return outcomes;
}

EngineCore::Outcome EngineCore::Settle(Sequence& sequence, SampledRow row) {
  Outcome outcome{.sequence = &sequence};
  if (row.token) {
    outcome.event = Advance(sequence, *std::move(row.token));
  } else if (!row.failure.ok()) {
    outcome.event = EndEvent(sequence, FinishReason::kError, row.failure);
  } else {
    metrics_.numerical_errors.Add();
    outcome.event = EndEvent(
        sequence, FinishReason::kError,
        Internal(fmt::format("the model's logits for output token {} are not finite numbers",
                             sequence.num_output())));
    outcome.event.error_code = "numerical_error";
  }
  return outcome;
}

std::vector<EngineCore::Outcome> EngineCore::FailAll(const StepPlan& plan, const Status& error) {
  std::vector<Outcome> outcomes;
  for (const ScheduledSlice& slice : plan.slices) {
    outcomes.push_back(
        {slice.sequence, EndEvent(*slice.sequence, FinishReason::kError, error), nullptr});
  }
  return outcomes;
}

void EngineCore::Retire(std::vector<Outcome>& outcomes) {
  for (Outcome& outcome : outcomes) {
    ObserveEvent(*outcome.sequence, outcome.event);
    if (outcome.event.finish != FinishReason::kNone) {
      outcome.ended = scheduler_.Remove(outcome.sequence->id);
    }
  }
}

int64_t EngineCore::Deliver(std::vector<Outcome> outcomes) {
  int64_t num_ended = 0;
  for (const Outcome& outcome : outcomes) {
    outcome.sequence->sink(outcome.event);
    num_ended += outcome.ended != nullptr ? 1 : 0;
  }
  return num_ended;
}

int64_t EngineCore::EndAll(std::vector<std::unique_ptr<Sequence>> sequences, FinishReason reason) {
  PublishStats();
  std::vector<Outcome> outcomes;
  for (std::unique_ptr<Sequence>& sequence : sequences) {
    Outcome outcome{sequence.get(), EndEvent(*sequence, reason), std::move(sequence)};
    ObserveEvent(*outcome.sequence, outcome.event);
    outcomes.push_back(std::move(outcome));
  }
  return Deliver(std::move(outcomes));
}

void EngineCore::ObserveEvent(Sequence& sequence, const TokenEvent& event) {
  const MonotonicTime now = MonotonicNow();
  const auto seconds = [now](MonotonicTime since) {
    return std::chrono::duration<double>(now - since).count();
  };
  if (event.token || event.stop_token) {
    const bool is_first = sequence.num_output() + (event.stop_token ? 1 : 0) == 1;
    (is_first ? metrics_.time_to_first_token : metrics_.inter_token_latency)
        .Observe(seconds(sequence.last_event));
    sequence.last_event = now;
    metrics_.generation_tokens.Add();
  }
  if (event.finish == FinishReason::kNone) return;
  metrics_.Finished(event.finish).Add();
  metrics_.request_latency.Observe(seconds(sequence.submitted));
}

void EngineCore::PublishStats() {
  stats_.num_running = scheduler_.num_running();
  stats_.num_waiting = scheduler_.num_waiting();
  stats_.free_pages = pages_.num_free();
  metrics_.requests_running.Set(static_cast<double>(scheduler_.num_running()));
  metrics_.requests_queued.Set(static_cast<double>(scheduler_.num_waiting()));
  metrics_.kv_pages_used.Set(static_cast<double>(pages_.num_pages() - pages_.num_free()));
}

}  // namespace redline::engine
