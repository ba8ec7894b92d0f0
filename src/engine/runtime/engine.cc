#include "engine/runtime/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "engine/runtime/engine_parts.h"
#include "engine/runtime/engine_rank.h"
#include "engine/runtime/rank_choice.h"

namespace redline::engine {
namespace {

// Of all ranks together; 0: none keeps what it has computed.
int64_t NumCachePages(const EngineOptions& options) {
  if (options.disable_radix_cache) return 0;
  return options.dp_size * (options.max_total_tokens / options.page_size);
}

// Hands each request to a rank. A request's id tells its rank: id mod number of ranks.
class EngineImpl final : public Engine {
 public:
  EngineImpl(ResolvedEngine resolved, std::vector<std::unique_ptr<EngineRank>> ranks)
      : resolved_(std::move(resolved)),
        ranks_(std::move(ranks)),
        rank_choice_(resolved_.options.page_size, NumCachePages(resolved_.options)) {}

  Result<RequestId> Submit(EngineRequest request, TokenSink sink) override;
  void Cancel(RequestId id) override { QueueOf(id).End({id, FinishReason::kAbort}); }
  void Finish(RequestId id) override { QueueOf(id).End({id, FinishReason::kStop}); }
  bool Drain(double deadline_seconds) override;
  const ResolvedEngine& resolved() const override { return resolved_; }
  const ModelConfig& model_config() const override { return ranks_.front()->model().config(); }
  uint64_t StepsDone() const override {
    return Sum<uint64_t>([](EngineRank& rank) { return rank.stats().steps_done.load(); });
  }
  int64_t NumRunning() const override {
    return Sum<int64_t>([](EngineRank& rank) { return rank.stats().num_running.load(); });
  }
  int64_t NumQueued() const override {
    return Sum<int64_t>([](EngineRank& rank) {
      return rank.stats().num_waiting.load() + rank.queue().num_arrivals();
    });
  }
  int64_t FreePages() const override {
    return Sum<int64_t>([](EngineRank& rank) { return rank.stats().free_pages.load(); });
  }

 private:
  template <typename Number, typename Part>
  Number Sum(const Part& part) const {
    Number sum = 0;
    for (const auto& rank : ranks_) sum += part(*rank);
    return sum;
  }
  RequestQueue& QueueOf(RequestId id) { return ranks_[id % ranks_.size()]->queue(); }
  size_t RankFor(const EngineRequest& request, uint64_t serial);
  bool WaitUntilIdle(double deadline_seconds);
  Status ValidatePrompt(const std::vector<TokenId>& prompt) const;

  const ResolvedEngine resolved_;
  const std::vector<std::unique_ptr<EngineRank>> ranks_;
  RankChoice rank_choice_;
  std::atomic<uint64_t> next_serial_ = 1;
};

Result<RequestId> EngineImpl::Submit(EngineRequest request, TokenSink sink) {
  RL_RETURN_IF_ERROR(ValidatePrompt(request.prompt));
  RL_RETURN_IF_ERROR(ValidateSampling(request.sampling, model_config().vocab_size));
  if (request.num_prompt_logprobs < -1 || request.num_prompt_logprobs > kMaxLogprobs) {
    return InvalidArgument(fmt::format("prompt_logprobs is {}; it must be at most {}",
                                       request.num_prompt_logprobs, kMaxLogprobs),
                           "prompt_logprobs");
  }
  const uint64_t serial = next_serial_.fetch_add(1, std::memory_order_relaxed);
  const size_t rank = RankFor(request, serial);
  const RequestId id = serial * ranks_.size() + rank;
  RL_RETURN_IF_ERROR(ranks_[rank]->queue().Push(MakeSequence(
      id, std::move(request), std::move(sink), model_config(), resolved_.options.context_length)));
  return id;
}

size_t EngineImpl::RankFor(const EngineRequest& request, uint64_t serial) {
  std::vector<int64_t> loads;
  for (const auto& rank : ranks_) loads.push_back(rank->queue().num_requests());
  return rank_choice_.Choose(request.cache_salt, request.prompt, loads, serial);
}

Status EngineImpl::ValidatePrompt(const std::vector<TokenId>& prompt) const {
  const int64_t vocab_size = model_config().vocab_size;
  const int64_t context_length = resolved_.options.context_length;
  if (prompt.empty()) return InvalidArgument("the prompt has no tokens", "prompt");
  if (static_cast<int64_t>(prompt.size()) + 1 > context_length) {
    return InvalidArgument(
        fmt::format(
            "the prompt has {} tokens, but the context length is {} and must leave room for "
            "one more; shorten the prompt",
            prompt.size(), context_length),
        "prompt");
  }
  const auto bad = std::find_if(prompt.begin(), prompt.end(), [vocab_size](TokenId token) {
    return token < 0 || token >= vocab_size;
  });
  if (bad == prompt.end()) return OkStatus();
  return InvalidArgument(fmt::format("token id {} at position {} of the prompt is not in the "
                                     "vocabulary, [0, {})",
                                     *bad, bad - prompt.begin(), vocab_size),
                         "prompt");
}

bool EngineImpl::WaitUntilIdle(double deadline_seconds) {
  const MonotonicTime start = MonotonicNow();
  bool all_idle = true;
  for (const auto& rank : ranks_) {
    const double seconds_left = deadline_seconds - SecondsSince(start);
    all_idle &= rank->queue().WaitUntilIdle(std::max(seconds_left, 0.0));
  }
  return all_idle;
}

bool EngineImpl::Drain(double deadline_seconds) {
  for (const auto& rank : ranks_) rank->queue().Close();
  const bool all_ended = WaitUntilIdle(deadline_seconds);
  if (all_ended) return true;
  for (const auto& rank : ranks_) rank->queue().AbortAll();
  // An abort takes effect within one step; the bound only keeps a stuck step from hanging us too.
  constexpr double kAbortSeconds = 10;
  if (!WaitUntilIdle(kAbortSeconds)) {
    LogError("engine", "a step has not ended {} s after its requests were aborted", kAbortSeconds);
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Engine>> StartEngine(EngineParts parts, MetricsRegistry& metrics) {
  const EngineOptions& options = parts.resolved.options;
  parts.resolved.kv_bytes = options.dp_size * options.max_total_tokens *
                            parts.ranks.front().model->kv_layout().BytesPerToken();
  std::vector<std::unique_ptr<EngineRank>> ranks;
  for (RankParts& rank : parts.ranks) {
    const auto index = static_cast<int64_t>(ranks.size());
    RL_ASSIGN_OR_RETURN(ranks.emplace_back(),
                        EngineRank::Start(index, options, std::move(rank), metrics));
  }
  return std::unique_ptr<Engine>(
      std::make_unique<EngineImpl>(std::move(parts.resolved), std::move(ranks)));
}

}  // namespace redline::engine
