#include "engine/runtime/engine.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/log.h"
#include "engine/runtime/engine_core.h"
#include "engine/runtime/engine_parts.h"
#include "engine/runtime/request_queue.h"

namespace redline::engine {
namespace {

class EngineImpl final : public Engine {
 public:
  EngineImpl(EngineParts parts, std::unique_ptr<EngineCore> core)
      : parts_(std::move(parts)),
        core_(std::move(core)),
        queue_(parts_.resolved.options.max_running_requests +
               parts_.resolved.options.max_queued_requests),
        thread_([this] { Run(); }) {}
  ~EngineImpl() override {
    queue_.Stop();
    thread_.join();
  }

  Result<RequestId> Submit(EngineRequest request, TokenSink sink) override;
  void Cancel(RequestId id) override { queue_.End({id, FinishReason::kAbort}); }
  void Finish(RequestId id) override { queue_.End({id, FinishReason::kStop}); }
  bool Drain(double deadline_seconds) override;
  const ResolvedEngine& resolved() const override { return parts_.resolved; }
  const ModelConfig& model_config() const override { return parts_.model->config(); }
  uint64_t StepsDone() const override { return core_->stats().steps_done; }
  int64_t NumRunning() const override { return core_->stats().num_running; }
  int64_t NumQueued() const override { return core_->stats().num_waiting + queue_.num_arrivals(); }
  int64_t FreePages() const override { return core_->stats().free_pages; }

 private:
  void Run();
  Status ValidatePrompt(const std::vector<TokenId>& prompt) const;

  EngineParts parts_;
  std::unique_ptr<EngineCore> core_;  // owner: thread_; others read its stats
  RequestQueue queue_;
  std::atomic<RequestId> next_id_ = 1;
  std::thread thread_;
};

Result<RequestId> EngineImpl::Submit(EngineRequest request, TokenSink sink) {
  RL_RETURN_IF_ERROR(ValidatePrompt(request.prompt));
  RL_RETURN_IF_ERROR(ValidateSampling(request.sampling, model_config().vocab_size));
  const RequestId id = next_id_.fetch_add(1, std::memory_order_relaxed);
  RL_RETURN_IF_ERROR(
      queue_.Push(MakeSequence(id, std::move(request), std::move(sink), model_config(),
                               parts_.resolved.options.context_length)));
  return id;
}

Status EngineImpl::ValidatePrompt(const std::vector<TokenId>& prompt) const {
  const int64_t vocab_size = model_config().vocab_size;
  const int64_t context_length = parts_.resolved.options.context_length;
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

bool EngineImpl::Drain(double deadline_seconds) {
  queue_.Close();
  const bool all_ended = queue_.WaitUntilIdle(deadline_seconds);
  if (!all_ended) {
    queue_.AbortAll();
    // An abort takes effect within one step; the bound only keeps a stuck step from hanging us too.
    constexpr double kAbortSeconds = 10;
    if (!queue_.WaitUntilIdle(kAbortSeconds)) {
      LogError("engine", "a step has not ended {} s after its requests were aborted",
               kAbortSeconds);
    }
  }
  return all_ended;
}

// The engine thread.
void EngineImpl::Run() {
  pthread_setname_np(pthread_self(), "engine-0");
  for (;;) {
    RequestQueue::News news = queue_.Take(/*wait=*/core_->idle());
    for (std::unique_ptr<Sequence>& sequence : news.arrivals) core_->Add(std::move(sequence));
    int64_t num_ended = 0;
    for (const RequestQueue::Ending& ending : news.endings) {
      num_ended += core_->End(ending.id, ending.reason);
    }
    if (news.abort_all) num_ended += core_->AbortAll();
    if (!core_->idle()) num_ended += core_->Step();
    if (num_ended > 0) queue_.Ended(num_ended);
    if (news.stop) return;
  }
}

}  // namespace

Result<std::unique_ptr<Engine>> StartEngine(EngineParts parts, MetricsRegistry& metrics) {
  RL_ASSIGN_OR_RETURN(
      std::unique_ptr<EngineCore> core,
      EngineCore::Create(parts.resolved.options, parts.model.get(), parts.pool.get(), metrics));
  parts.resolved.kv_bytes =
      parts.resolved.options.max_total_tokens * parts.model->kv_layout().BytesPerToken();
  return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(std::move(parts), std::move(core)));
}

}  // namespace redline::engine
