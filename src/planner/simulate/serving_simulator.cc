#include "planner/simulate/serving_simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <utility>

#include "planner/simulate/engine_scheduler.h"
#include "planner/simulate/plan_client.h"
#include "planner/simulate/step_group.h"
#include "workload/abort_choice.h"

namespace redline::planner {
namespace {

using Outcome = SimulatedRequest::Outcome;

class PlanPrompts : public PromptSource {
 public:
  PlanPrompts(const workload::RequestPlan& plan, const spec::WorkloadSpec& workload)
      : plan_(plan),
        shares_prompts_(workload.prefix.groups > 0 || workload.sessions.turns > 1 ||
                        workload.dataset.format == spec::DatasetSpec::Format::kMooncake) {}
  void AppendContext(uint64_t tag, std::vector<workload::PromptPiece>& pieces) const override {
    plan_.AppendPieces(tag, pieces);
    pieces.push_back(plan_.AnswerOf(tag));
  }
  bool SharesPrompts() const override { return shares_prompts_; }

 private:
  const workload::RequestPlan& plan_;
  const bool shares_prompts_;
};

class Simulation {
 public:
  Simulation(const workload::RequestPlan& plan, const spec::WorkloadSpec& workload,
             const SchedulerPolicy& policy, const StepCost& cost, const SimulationLimits& limits)
      : plan_(plan),
        workload_(workload),
        policy_(policy),
        cost_(cost),
        limits_(limits),
        prompts_(plan, workload) {}

  Result<SimulationResult> Run();

 private:
  struct Ready {
    double time_s;
    uint32_t index;
  };

  Status Prepare();
  Status StartIdleGroups();
  Status Start(StepGroup& group);
  // What happens next; infinity: nothing more.
  double NextSeconds() const;
  // What was sent until now reaches the front end, and what left it the scheduler.
  void Deliver();
  void Send();
  void Enter(uint32_t index);
  void CompleteGroups();
  void OnEvent(const RequestEvent& event);
  SimulationResult Finish(SimulationResult::Stop stop);

  const workload::RequestPlan& plan_;
  const spec::WorkloadSpec& workload_;
  const SchedulerPolicy policy_;
  const StepCost& cost_;
  const SimulationLimits limits_;
  const PlanPrompts prompts_;

  std::unique_ptr<PlanClient> client_;
  std::unique_ptr<EngineScheduler> engine_;
  std::vector<StepGroup> groups_;
  double now_s_ = 0;
  double frontend_free_s_ = 0;
  std::deque<Ready> ready_;  // leaves the front end at that time
  std::vector<RequestEvent> events_;
  SimulationResult result_;
};

Status Simulation::Prepare() {
  if (limits_.max_steps < 1)
    return InvalidArgument(fmt::format("\"max_steps\" is {}: give at least 1", limits_.max_steps),
                           "max_steps");
  if (!(limits_.max_seconds > 0))
    return InvalidArgument(
        fmt::format("\"max_seconds\" is {}: give more than 0", limits_.max_seconds), "max_seconds");
  RL_ASSIGN_OR_RETURN(engine_, EngineScheduler::Make(policy_, &prompts_));
  RL_ASSIGN_OR_RETURN(client_, PlanClient::Make(plan_, workload_));
  result_.requests.resize(plan_.size());
  for (size_t index = 0; index < plan_.size(); ++index) {
    const workload::PlannedRequest planned = plan_.At(index);
    if (planned.input_tokens < 1)
      return InvalidArgument(
          fmt::format("request {} is a text whose number of tokens nobody knows here: give the "
                      "dataset \"prompt_tokens\"",
                      index),
          "dataset");
    SimulatedRequest& request = result_.requests[index];
    request.index = planned.index;
    request.session = planned.session;
    request.turn = static_cast<uint16_t>(planned.turn);
    request.slo_class = planned.slo_class;
    request.input_tokens = planned.input_tokens;
    request.output_tokens = std::max(planned.output_tokens, 1);  // an engine says one at least
  }
  if (policy_.ranks_in_lockstep || policy_.num_ranks == 1) {
    groups_.emplace_back(*engine_, StepGroup::kAllRanks);
  } else {
    for (int64_t rank = 0; rank < policy_.num_ranks; ++rank) groups_.emplace_back(*engine_, rank);
  }
  return OkStatus();
}

Result<SimulationResult> Simulation::Run() {
  RL_RETURN_IF_ERROR(Prepare());
  while (true) {
    Deliver();
    RL_RETURN_IF_ERROR(StartIdleGroups());
    const double next_s = NextSeconds();
    if (next_s == StepGroup::kIdle) break;
    if (next_s > limits_.max_seconds) return Finish(SimulationResult::Stop::kMaxSeconds);
    if (result_.num_steps > limits_.max_steps) return Finish(SimulationResult::Stop::kMaxSteps);
    now_s_ = next_s;
    Deliver();
    CompleteGroups();
  }
  if (engine_->HasRequests())
    return Internal("the simulated scheduler has requests and runs none of them");
  return Finish(SimulationResult::Stop::kDone);
}

Status Simulation::StartIdleGroups() {
  for (StepGroup& group : groups_)
    if (group.is_idle()) RL_RETURN_IF_ERROR(Start(group));
  return OkStatus();
}

Status Simulation::Start(StepGroup& group) {
  const std::span<const RankStep> ranks = group.NextStep();
  if (ranks.empty()) return OkStatus();
  double seconds = cost_.SecondsOf(ranks);
  if (!(seconds >= 0) || !std::isfinite(seconds))
    return InvalidArgument(
        fmt::format("the cost of step {} is {} s: a cost model gives finite times of at least 0",
                    result_.num_steps, seconds));
  seconds = policy_.overlap_schedule ? std::max(seconds, policy_.host_seconds_per_step)
                                     : seconds + policy_.host_seconds_per_step;
  group.set_end_s(now_s_ + seconds);
  ++result_.num_steps;
  result_.busy_s += seconds;
  CountStep(ranks, seconds, result_);
  return OkStatus();
}

double Simulation::NextSeconds() const {
  double next_s = StepGroup::kIdle;
  bool has_idle = false;
  for (const StepGroup& group : groups_) {
    has_idle |= group.is_idle();
    next_s = std::min(next_s, group.end_s());
  }
  if (!has_idle) return next_s;
  if (!ready_.empty()) next_s = std::min(next_s, ready_.front().time_s);
  return std::min(next_s, client_->NextSendSeconds());
}

void Simulation::Deliver() {
  while (true) {
    if (client_->NextSendSeconds() <= now_s_) {
      Send();
    } else if (!ready_.empty() && ready_.front().time_s <= now_s_) {
      Enter(ready_.front().index);
      ready_.pop_front();
    } else {
      return;
    }
  }
}

void Simulation::Send() {
  const PlanClient::Send send = client_->TakeNext();
  SimulatedRequest& request = result_.requests[send.index];
  request.outcome = Outcome::kUnfinished;
  request.intended_s = send.intended_s;
  request.sent_s = send.sent_s;
  frontend_free_s_ = std::max(frontend_free_s_, send.sent_s) + policy_.frontend_seconds_per_request;
  ready_.push_back({frontend_free_s_, send.index});
}

void Simulation::Enter(uint32_t index) {
  SimulatedRequest& request = result_.requests[index];
  const auto leaves_at = static_cast<int32_t>(workload_.abort_after_tokens);
  const bool leaves = workload_.abort_share > 0 && leaves_at < request.output_tokens &&
                      workload::IsAborted(index, workload_.abort_share);
  const auto handle = engine_->Add({.tag = index,
                                    .input_tokens = request.input_tokens,
                                    .max_tokens = request.output_tokens,
                                    .output_tokens = leaves ? leaves_at : request.output_tokens});
  if (handle.ok()) return;
  if (result_.num_refused++ == 0) result_.refusal = handle.status().message();
  request.outcome = Outcome::kRefused;
  request.last_token_s = ready_.front().time_s + policy_.response_seconds;
  client_->OnDone(index, request.last_token_s);
}

void Simulation::CompleteGroups() {
  for (StepGroup& group : groups_)
    if (group.end_s() <= now_s_) group.Complete(&events_);
  for (const RequestEvent& event : events_) OnEvent(event);
  events_.clear();
}

void Simulation::OnEvent(const RequestEvent& event) {
  SimulatedRequest& request = result_.requests[event.tag];
  const double time_s = now_s_ + policy_.response_seconds;
  if (event.kind == RequestEvent::Kind::kFirstToken) {
    request.first_token_s = time_s;
    return;
  }
  request.outcome =
      event.output_tokens < request.output_tokens ? Outcome::kAborted : Outcome::kFinished;
  request.last_token_s = time_s;
  request.output_tokens = event.output_tokens;
  request.cached_tokens = event.cached_tokens;
  request.num_preemptions = event.num_preemptions;
  client_->OnDone(request.index, time_s);
}

SimulationResult Simulation::Finish(SimulationResult::Stop stop) {
  result_.stop = stop;
  result_.end_s = now_s_;
  for (const SimulatedRequest& request : result_.requests)
    result_.end_s = std::max(result_.end_s, request.last_token_s);
  for (int64_t rank = 0; rank < engine_->num_ranks(); ++rank) {
    const RankStats& stats = engine_->rank(rank).stats();
    result_.peak_running = std::max(result_.peak_running, stats.peak_running);
    result_.peak_kv_tokens =
        std::max(result_.peak_kv_tokens, stats.peak_kv_pages * policy_.page_size);
    result_.num_preemptions += stats.num_preemptions;
  }
  const int64_t num_steps = result_.decode.num_steps + result_.mixed.num_steps;
  if (num_steps > 0)
    result_.mean_decoding =
        static_cast<double>(result_.decode.decode_requests + result_.mixed.decode_requests) /
        static_cast<double>(num_steps);
  return std::move(result_);
}

}  // namespace

Result<SimulationResult> SimulateServing(const workload::RequestPlan& plan,
                                         const spec::WorkloadSpec& workload,
                                         const SchedulerPolicy& policy, const StepCost& cost,
                                         const SimulationLimits& limits) {
  return Simulation(plan, workload, policy, cost, limits).Run();
}

}  // namespace redline::planner
