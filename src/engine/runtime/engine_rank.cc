#include "engine/runtime/engine_rank.h"

#include <fmt/format.h>
#include <pthread.h>

#include <utility>

namespace redline::engine {
namespace {

// The queue's limit is the engine's, shared out.
int64_t MaxRequests(const EngineOptions& options) {
  const int64_t max_queued = (options.max_queued_requests + options.dp_size - 1) / options.dp_size;
  return options.max_running_requests + max_queued;
}

}  // namespace

Result<std::unique_ptr<EngineRank>> EngineRank::Start(int64_t index, const EngineOptions& options,
                                                      RankParts parts, MetricsRegistry& metrics) {
  RL_ASSIGN_OR_RETURN(std::unique_ptr<EngineCore> core,
                      EngineCore::Create(options, parts.model.get(), parts.pool.get(), metrics));
  return std::unique_ptr<EngineRank>(
      new EngineRank(index, MaxRequests(options), std::move(parts), std::move(core)));
}

EngineRank::EngineRank(int64_t index, int64_t max_requests, RankParts parts,
                       std::unique_ptr<EngineCore> core)
    : parts_(std::move(parts)),
      core_(std::move(core)),
      queue_(max_requests),
      thread_([this, index] { Run(index); }) {}

EngineRank::~EngineRank() {
  queue_.Stop();
  thread_.join();
}

void EngineRank::Run(int64_t index) {
  pthread_setname_np(pthread_self(), fmt::format("engine-{}", index).c_str());
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

}  // namespace redline::engine
