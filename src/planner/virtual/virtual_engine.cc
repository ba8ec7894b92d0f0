#include "planner/virtual/virtual_engine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace redline::planner {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// The mean time between tokens is that of about as many seconds.
constexpr double kMeanOverSeconds = 2;
// What stands for answers in the prefix cache: no block of a prompt has such a key.
constexpr uint64_t kAnswerKey = uint64_t{1} << 63;

int64_t CountDecodes(std::span<const RankStep> ranks) {
  int64_t count = 0;
  for (const RankStep& rank : ranks) count += rank.decode_requests;
  return count;
}

}  // namespace

Result<std::unique_ptr<VirtualEngine>> VirtualEngine::Make(const SchedulerPolicy& policy,
                                                           const StepCost& cost,
                                                           const ResponseDelay& delay) {
  std::unique_ptr<VirtualEngine> engine(new VirtualEngine(policy, cost, delay));
  RL_ASSIGN_OR_RETURN(engine->engine_, EngineScheduler::Make(policy, engine.get()));
  EngineScheduler& scheduler = *engine->engine_;
  if (policy.ranks_in_lockstep || policy.num_ranks == 1) {
    engine->groups_.emplace_back(scheduler, StepGroup::kAllRanks, 0, policy.num_ranks);
  } else {
    for (int64_t rank = 0; rank < policy.num_ranks; ++rank)
      engine->groups_.emplace_back(scheduler, rank, rank, 1);
  }
  return engine;
}

void VirtualEngine::AppendContext(uint64_t id, std::vector<workload::PromptPiece>& pieces) const {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const VirtualEngineRequest& request = found->second.request;
  pieces.insert(pieces.end(), request.pieces.begin(), request.pieces.end());
  pieces.push_back({kAnswerKey | id, request.output_tokens});
}

uint64_t VirtualEngine::Submit(double arrival_s, VirtualEngineRequest request) {
  const uint64_t id = next_id_++;
  frontend_free_s_ =
      std::max({frontend_free_s_, arrival_s, now_s_}) + policy_.frontend_seconds_per_request;
  ready_.push_back({frontend_free_s_, id});
  requests_.emplace(id, Request{.request = std::move(request), .arrival_s = arrival_s});
  return id;
}

void VirtualEngine::Cancel(uint64_t id) {
  const auto found = requests_.find(id);
  // Without a sink it was cancelled before, and waits for its step to end.
  if (found == requests_.end() || found->second.request.sink == nullptr) return;
  ++totals_.num_aborted;
  Request& request = found->second;
  request.request.sink.reset();
  const int64_t rank = request.handle.rank;
  if (!engine_->Cancel(request.handle)) {
    // In the front end still, or ended already: Enter and Deliver do without it.
    requests_.erase(found);
    return;
  }
  for (Group& group : groups_) {
    if (rank < group.first || rank >= group.first + group.count) continue;
    // The scheduler may ask for its prompt until the step is over.
    if (group.steps.is_idle())
      requests_.erase(found);
    else
      group.leaving.push_back(id);
    return;
  }
}

double VirtualEngine::Advance(double now_s) {
  while (true) {
    EnterReady();
    StartIdleGroups();
    const double next_s = NextSeconds();
    if (next_s > now_s) return next_s;
    now_s_ = std::max(now_s_, next_s);
    EnterReady();
    for (Group& group : groups_)
      if (group.steps.end_s() <= now_s_) Complete(group);
    Deliver();
  }
}

double VirtualEngine::NextSeconds() const {
  double next_s = deliveries_.empty() ? kNever : deliveries_.front().due_s;
  if (!ready_.empty()) next_s = std::min(next_s, ready_.front().time_s);
  for (const Group& group : groups_) next_s = std::min(next_s, group.steps.end_s());
  return next_s;
}

void VirtualEngine::EnterReady() {
  while (!ready_.empty() && ready_.front().time_s <= now_s_) {
    const uint64_t id = ready_.front().id;
    ready_.pop_front();
    Enter(id);
  }
}

void VirtualEngine::Enter(uint64_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  Request& request = found->second;
  auto handle = engine_->Add({.tag = id,
                              .input_tokens = request.request.input_tokens,
                              .max_tokens = request.request.output_tokens,
                              .output_tokens = request.request.output_tokens});
  if (handle.ok()) {
    request.handle = *handle;
    return;
  }
  const auto sink = std::move(request.request.sink);
  requests_.erase(found);
  sink->OnRefused(handle.status());
}

void VirtualEngine::StartIdleGroups() {
  for (Group& group : groups_)
    if (group.steps.is_idle()) Start(group);
}

// The time between tokens of one request alone: what is known before any was served.
double VirtualEngine::LoneTokenSeconds() const {
  const RankStep step{.decode_requests = 1, .decode_context_tokens = 1, .sampled_rows = 1};
  return cost_.SecondsOf({&step, 1}) / policy_.acceptance_length;
}

void VirtualEngine::Start(Group& group) {
  const std::span<const RankStep> ranks = group.steps.NextStep();
  if (ranks.empty()) {
    group.last_decode_s = -1;
    return;
  }
  if (on_step_) on_step_({.time_s = now_s_, .first_rank = group.first, .ranks = ranks});
  group.num_decodes = CountDecodes(ranks);
  if (token_seconds_ == 0) token_seconds_ = LoneTokenSeconds();
  double seconds = cost_.SecondsOf(ranks);
  // A cost model gives finite times; nothing here may stand still or run away if one does not.
  if (!(seconds >= 0) || !std::isfinite(seconds)) seconds = 0;
  seconds = policy_.overlap_schedule ? std::max(seconds, policy_.host_seconds_per_step)
                                     : seconds + policy_.host_seconds_per_step;
  group.steps.set_end_s(now_s_ + seconds);
}

void VirtualEngine::Complete(Group& group) {
  LearnTokenTime(group);
  group.steps.Complete(&events_);
  Delivery delivery{.due_s = now_s_ + DelaySeconds()};
  for (const RequestEvent& event : events_) {
    const auto found = requests_.find(event.tag);
    if (found == requests_.end() || event.kind == RequestEvent::Kind::kCancelled) continue;
    Request& request = found->second;
    delivery.tokens.push_back({.id = event.tag,
                               .count = event.output_tokens - request.num_told,
                               .is_end = event.kind == RequestEvent::Kind::kFinished,
                               .output_tokens = event.output_tokens,
                               .cached_tokens = event.cached_tokens});
    request.num_told = event.output_tokens;
  }
  events_.clear();
  CollectStreams(group, delivery.tokens);
  for (const uint64_t id : group.leaving) requests_.erase(id);
  group.leaving.clear();
  if (delivery.tokens.empty()) return;
  // Nobody's tokens overtake others.
  if (!deliveries_.empty()) delivery.due_s = std::max(delivery.due_s, deliveries_.back().due_s);
  deliveries_.push_back(std::move(delivery));
}

void VirtualEngine::CollectStreams(Group& group, std::vector<Tokens>& tokens) {
  for (int64_t rank = group.first; rank < group.first + group.count; ++rank) {
    engine_->rank(rank).ForEachDecoding([&](uint64_t id, int64_t num_generated) {
      const auto found = requests_.find(id);
      if (found == requests_.end()) return;
      Request& request = found->second;
      const int64_t count = num_generated - request.num_told;
      if (count <= 0 || request.request.sink == nullptr || !request.request.sink->IsStreaming())
        return;
      tokens.push_back({.id = id, .count = count});
      request.num_told = num_generated;
    });
  }
}

// A mean over tokens, not over steps: those of many requests are slower, and count more.
void VirtualEngine::LearnTokenTime(Group& group) {
  if (group.num_decodes == 0) return;
  if (group.last_decode_s >= 0) {
    const double seconds = (now_s_ - group.last_decode_s) / policy_.acceptance_length;
    const double kept = std::exp((learned_s_ - now_s_) / kMeanOverSeconds);
    const auto weight = static_cast<double>(group.num_decodes);
    token_sum_s_ = kept * token_sum_s_ + weight * seconds;
    token_weight_ = kept * token_weight_ + weight;
    learned_s_ = now_s_;
    if (token_weight_ > 0) token_seconds_ = token_sum_s_ / token_weight_;
  }
  group.last_decode_s = now_s_;
}

void VirtualEngine::Deliver() {
  while (!deliveries_.empty() && deliveries_.front().due_s <= now_s_) {
    const Delivery delivery = std::move(deliveries_.front());
    deliveries_.pop_front();
    for (const Tokens& tokens : delivery.tokens) DeliverTokens(tokens);
  }
}

void VirtualEngine::DeliverTokens(const Tokens& tokens) {
  const auto found = requests_.find(tokens.id);
  if (found == requests_.end() || found->second.request.sink == nullptr) return;
  Request& request = found->second;
  if (request.first_s < 0) {
    request.first_s = now_s_;
    totals_.ttft.Add(now_s_ - request.arrival_s);
    totals_.prompt_tokens += request.request.input_tokens;
  }
  totals_.generation_tokens += tokens.count;
  if (request.request.sink->IsStreaming() && tokens.count > 0 &&
      !request.request.sink->OnTokens(tokens.count))
    return Cancel(tokens.id);
  if (!tokens.is_end) return;
  CountFinish(request, tokens);
  const auto sink = std::move(request.request.sink);
  requests_.erase(found);
  sink->OnFinished(tokens.output_tokens, tokens.cached_tokens);
}

void VirtualEngine::CountFinish(const Request& request, const Tokens& tokens) {
  ++totals_.num_finished;
  totals_.cached_tokens += tokens.cached_tokens;
  totals_.e2e.Add(now_s_ - request.arrival_s);
  if (tokens.output_tokens > 1) {
    totals_.time_per_token.Add((now_s_ - request.first_s) /
                               static_cast<double>(tokens.output_tokens - 1));
  }
}

VirtualStats VirtualEngine::Stats() const {
  VirtualStats stats = totals_;
  double decoding = 0;
  for (int64_t index = 0; index < engine_->num_ranks(); ++index) {
    const RankScheduler& rank = engine_->rank(index);
    stats.ranks.push_back({.num_running = rank.num_running(),
                           .num_waiting = rank.num_waiting(),
                           .used_tokens = rank.used_pages() * policy_.page_size,
                           .capacity_tokens = rank.capacity_pages() * policy_.page_size,
                           .num_preemptions = rank.stats().num_preemptions});
    decoding += static_cast<double>(rank.num_running());
  }
  if (token_seconds_ > 0) stats.tokens_per_second = decoding / token_seconds_;
  return stats;
}

}  // namespace redline::planner
