#include "engine/runtime/engine_core.h"

#include <fmt/format.h>

#include <deque>
#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace redline::engine {
namespace {

// Rows times vocabulary from which sampling is worth waking the compute pool for.
constexpr int64_t kParallelSamplingElements = 1 << 16;

SchedulerOptions SchedulerOptionsOf(const EngineOptions& options) {
  return {
      .max_running_requests = options.max_running_requests,
      .chunked_prefill_size = options.chunked_prefill_size,
      .num_draft_tokens =
          options.speculative_algorithm == "NGRAM" ? options.speculative_num_draft_tokens : 0,
      .policy = options.schedule_policy == "lpm" ? SchedulePolicy::kLpm : SchedulePolicy::kFcfs};
}

Result<std::vector<float>> AllocateLogits(int64_t rows, int64_t vocab_size) {
  const auto count = static_cast<size_t>(rows * vocab_size);
  try {
    return std::vector<float>(count);
  } catch (const std::exception&) {
    return ResourceExhausted(
        fmt::format("not enough memory for {} rows of logits: need {}; lower "
                    "max_running_requests",
                    rows, FormatBytes(count * sizeof(float))));
  }
}

// The rows of logits that the plan's forward pass writes, in order.
std::vector<LogitsRow> LogitsRowsOf(const StepPlan& plan) {
  std::vector<LogitsRow> rows;
  for (const ScheduledSlice& slice : plan.slices) {
    const int64_t end = slice.sequence->num_computed + slice.num_tokens;
    for (int64_t position = end - slice.num_logits; position < end; ++position) {
      rows.push_back({slice.sequence, position});
    }
    for (size_t i = 0; i < slice.drafts.size(); ++i)
      rows.push_back({slice.sequence, end + static_cast<int64_t>(i), slice.drafts[i]});
  }
  return rows;
}

// Those for whom a token will be drawn under a constraint.
std::vector<Sequence*> ConstrainedOf(const StepPlan& plan) {
  std::vector<Sequence*> sequences;
  for (const ScheduledSlice& slice : plan.slices) {
    if (slice.completes() && slice.sequence->constraint != nullptr) {
      sequences.push_back(slice.sequence);
    }
  }
  return sequences;
}

}  // namespace

int64_t NumLogitsRows(const EngineOptions& options) {
  return options.max_running_requests + SchedulerOptionsOf(options).max_extra_logits_rows;
}

Result<std::unique_ptr<EngineCore>> EngineCore::Create(const EngineOptions& options, Model* model,
                                                       ThreadPool* pool, MetricsRegistry& metrics) {
  RL_ASSIGN_OR_RETURN(std::vector<float> logits,
                      AllocateLogits(NumLogitsRows(options), model->config().vocab_size));
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
      pages_(kv_->num_pages(), options.page_size,
             options.disable_radix_cache ? KvPages::Sharing::kOff : KvPages::Sharing::kOn),
      scheduler_(SchedulerOptionsOf(options), &pages_),
      logits_(std::move(logits)),
      samplers_(static_cast<size_t>(NumLogitsRows(options))) {
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
  metrics_.draft_tokens.Add(static_cast<double>(plan.num_draft_tokens));
  metrics_.step_time.Observe(SecondsSince(start));
  stats_.steps_done.fetch_add(1, std::memory_order_relaxed);
  PublishStats();
  return Deliver(std::move(outcomes));
}

// Computes the plan, moves its sequences on and samples. What fails in here (memory, in practice)
// fails the batch's sequences and leaves the engine whole.
std::vector<EngineCore::Outcome> EngineCore::Compute(const StepPlan& plan) {
  try {
    const std::vector<LogitsRow> rows = LogitsRowsOf(plan);
    mask_filler_.Start(ConstrainedOf(plan));
    Forward(plan, rows.size());
    mask_filler_.Wait();
    MoveOn(plan);
    return SettleAll(rows, EvaluateRows(rows));
  } catch (const std::exception& error) {
    mask_filler_.Wait();
    LogError("engine", "a step failed: {}", error.what());
    return FailAll(plan, Internal(fmt::format("the step that computed this request failed: {}",
                                              error.what())));
  }
}

void EngineCore::Forward(const StepPlan& plan, size_t num_logits_rows) {
  Batch batch;
  std::deque<std::vector<TokenId>> with_drafts;
  for (const ScheduledSlice& slice : plan.slices) {
    const Sequence& sequence = *slice.sequence;
    auto tokens = std::span<const TokenId>(sequence.tokens)
                      .subspan(static_cast<size_t>(sequence.num_computed),
                               static_cast<size_t>(slice.num_tokens));
    if (!slice.drafts.empty()) {
      auto& all = with_drafts.emplace_back(tokens.begin(), tokens.end());
      all.insert(all.end(), slice.drafts.begin(), slice.drafts.end());
      tokens = all;
    }
    batch.slices.push_back(
        {.tokens = tokens,
         .context_len = sequence.num_computed,
         .pages = sequence.pages,
         .num_logits = slice.num_logits + static_cast<int64_t>(slice.drafts.size())});
  }
  const auto vocab_size = static_cast<size_t>(model_->config().vocab_size);
  model_->Forward(batch, *kv_, std::span(logits_).first(num_logits_rows * vocab_size));
}

void EngineCore::MoveOn(const StepPlan& plan) {
  for (const ScheduledSlice& slice : plan.slices) {
    slice.sequence->num_computed += slice.num_tokens;
    pages_.Publish(*slice.sequence);
  }
}

std::vector<EngineCore::RowResult> EngineCore::EvaluateRows(const std::vector<LogitsRow>& rows) {
  const auto vocab_size = static_cast<size_t>(model_->config().vocab_size);
  std::vector<RowResult> results(rows.size());
  const auto evaluate = [&](int64_t task) {
    const auto index = static_cast<size_t>(task);
    const auto logits = std::span<const float>(logits_).subspan(index * vocab_size, vocab_size);
    try {
      results[index] = EvaluateRow(rows[index], logits, samplers_[index]);
    } catch (const std::exception& error) {
      results[index].failure = Internal(fmt::format("sampling failed: {}", error.what()));
    }
  };
  const auto num_rows = static_cast<int64_t>(rows.size());
  if (num_rows > 1 && num_rows * static_cast<int64_t>(vocab_size) >= kParallelSamplingElements) {
    pool_->Run(num_rows, evaluate);
  } else {
    for (int64_t row = 0; row < num_rows; ++row) evaluate(row);
  }
  return results;
}

EngineCore::RowResult EngineCore::EvaluateRow(const LogitsRow& row, std::span<const float> logits,
                                              Sampler& sampler) const {
  const Sequence& sequence = *row.sequence;
  RowResult result;
  if (!row.draws()) {
    const TokenId next = sequence.tokens[static_cast<size_t>(row.position + 1)];
    result.scores = ScoreToken(logits, next, sequence.num_prompt_logprobs);
    return result;
  }
  result.failure = sequence.mask_status;
  if (!result.failure.ok()) return result;
  // Of a draft's row: were all drafts up to it the sequence's.
  const int64_t token_index = row.position + 1 - sequence.num_prompt_tokens;
  const bool too_short = token_index < sequence.sampling.min_tokens;
  result.token = sampler.Sample(
      {.logits = logits,
       .params = sequence.sampling,
       .seed = sequence.seed,
       .token_index = static_cast<uint64_t>(token_index),
       .counts = &sequence.counts,
       .forbidden = too_short ? std::span(sequence.stop_ids) : std::span<const TokenId>(),
       .mask = sequence.mask});
  return result;
}

// Rows of one sequence follow each other: its prompt's scores first, then its next token, then
// those after drafts. What fails one of them ends the sequence; a draft that is not what was drawn
// ends its rows.
std::vector<EngineCore::Outcome> EngineCore::SettleAll(const std::vector<LogitsRow>& rows,
                                                       std::vector<RowResult> results) {
  std::vector<Outcome> outcomes;
  const Sequence* settled = nullptr;
  for (size_t index = 0; index < rows.size(); ++index) {
    Sequence* const sequence = rows[index].sequence;
    if (sequence == settled) continue;
    if (rows[index].draft && !AcceptDraft(rows[index])) {
      settled = sequence;
      continue;
    }
    if (auto event = Settle(rows[index], std::move(results[index]))) {
      if (event->finish != FinishReason::kNone) settled = sequence;
      outcomes.push_back({sequence, *std::move(event), nullptr});
    }
  }
  return outcomes;
}

// Whether the draft is the token that was drawn in its place: then that is computed, too.
bool EngineCore::AcceptDraft(const LogitsRow& row) {
  Sequence& sequence = *row.sequence;
  if (sequence.tokens.back() != *row.draft) return false;
  metrics_.accepted_draft_tokens.Add();
  sequence.num_computed = sequence.num_tokens();
  pages_.Publish(sequence);
  return true;
}

// What the row has to tell the sequence's sink, if anything.
std::optional<TokenEvent> EngineCore::Settle(const LogitsRow& row, RowResult result) {
  Sequence& sequence = *row.sequence;
  if (!result.failure.ok()) return EndEvent(sequence, FinishReason::kError, result.failure);
  if (result.scores) {
    sequence.prompt_logprobs.push_back(*std::move(result.scores));
    return std::nullopt;
  }
  if (!result.token) {
    metrics_.numerical_errors.Add();
    TokenEvent event =
        EndEvent(sequence, FinishReason::kError,
                 Internal(fmt::format("the model's logits after {} tokens are not finite numbers",
                                      row.position + 1)));
    event.error_code = "numerical_error";
    return event;
  }
  const bool is_first = sequence.num_output() == 0;
  TokenEvent event = sequence.sampling.max_tokens == 0
                         ? EndEvent(sequence, FinishReason::kLength)
                         : Advance(sequence, *std::move(result.token));
  if (is_first) {
    event.prompt_logprobs = std::move(sequence.prompt_logprobs);
    sequence.num_prompt_logprobs = -1;  // none to come
  }
  return event;
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
    if (is_first) metrics_.cached_tokens.Add(static_cast<double>(sequence.num_cached_tokens));
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
  stats_.free_pages = pages_.num_available();
  metrics_.requests_running.Set(static_cast<double>(scheduler_.num_running()));
  metrics_.requests_queued.Set(static_cast<double>(scheduler_.num_waiting()));
  metrics_.kv_pages_used.Set(static_cast<double>(pages_.num_pages() - pages_.num_available()));
  metrics_.kv_pages_cached.Set(static_cast<double>(pages_.num_cached()));
  metrics_.evicted_pages.Add(static_cast<double>(pages_.num_evicted() - evictions_told_));
  evictions_told_ = pages_.num_evicted();
}

}  // namespace redline::engine
