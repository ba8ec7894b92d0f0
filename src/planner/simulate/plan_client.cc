#include "planner/simulate/plan_client.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace redline::planner {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

Result<std::unique_ptr<PlanClient>> PlanClient::Make(const workload::RequestPlan& plan,
                                                     const spec::WorkloadSpec& spec) {
  std::unique_ptr<PlanClient> client(new PlanClient(plan, spec.concurrency));
  RL_RETURN_IF_ERROR(client->FindHeads());
  client->UpdateHead();
  client->UpdateNext();
  return client;
}

Status PlanClient::FindHeads() {
  size_t num_timed = 0;
  std::vector<double> times;
  for (size_t index = 0; index < plan_.size(); ++index) {
    const workload::PlannedRequest request = plan_.At(index);
    times.push_back(request.intended_s);
    has_turns_ |= request.turn > 0;
    if (request.turn > 0) continue;
    heads_.push_back(request.index);
    num_timed += request.intended_s >= 0;
  }
  if (num_timed > 0 && num_timed < heads_.size())
    return InvalidArgument(
        "some requests of the workload have a time and others have none: give all of them one "
        "(open loop), or none (closed loop)",
        "arrivals");
  is_open_loop_ = num_timed > 0;
  if (!is_open_loop_ && !has_places_)
    return InvalidArgument("\"concurrency\" is 0: a closed loop has at least 1 in flight",
                           "concurrency");
  std::stable_sort(heads_.begin(), heads_.end(),
                   [&](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  return OkStatus();
}

double PlanClient::PlaceSeconds() const {
  if (!has_places_ || unused_places_ > 0) return 0;
  return free_places_.empty() ? kNever : free_places_.front();
}

void PlanClient::TakePlace() {
  if (!has_places_) return;
  if (unused_places_ > 0) {
    --unused_places_;
  } else {
    free_places_.pop_front();
  }
}

double PlanClient::HeadSeconds() const {
  if (next_head_ == heads_.size()) return kNever;
  return is_open_loop_ ? next_head_s_ : PlaceSeconds();
}

void PlanClient::UpdateHead() {
  if (is_open_loop_ && next_head_ < heads_.size())
    next_head_s_ = plan_.At(heads_[next_head_]).intended_s;
}

// Among what is due at once, turns go first.
bool PlanClient::HasTurnFirst() const {
  return !turns_.empty() && turns_.front().due_s <= HeadSeconds();
}

void PlanClient::UpdateNext() {
  next_send_s_ = HasTurnFirst() ? turns_.front().due_s : HeadSeconds();
  if (is_open_loop_) next_send_s_ = std::max(next_send_s_, PlaceSeconds());
}

PlanClient::Send PlanClient::TakeNext() {
  Send send = {.sent_s = next_send_s_};
  if (HasTurnFirst()) {
    send.index = turns_.front().index;
    send.intended_s = turns_.front().due_s;
    std::pop_heap(turns_.begin(), turns_.end(), std::greater<>());
    turns_.pop_back();
    if (is_open_loop_) TakePlace();
  } else {
    send.intended_s = HeadSeconds();
    send.index = heads_[next_head_++];
    UpdateHead();
    TakePlace();
  }
  UpdateNext();
  return send;
}

void PlanClient::OnDone(uint32_t index, double time_s) {
  const uint32_t next = index + 1;
  const bool has_turn = has_turns_ && next < plan_.size() && plan_.At(next).turn > 0;
  if (has_turn) {
    const double think_s = std::max(0.0, static_cast<double>(plan_.At(next).think_s));
    turns_.push_back({time_s + think_s, next});
    std::push_heap(turns_.begin(), turns_.end(), std::greater<>());
  }
  if (has_places_ && (is_open_loop_ || !has_turn)) free_places_.push_back(time_s);
  UpdateNext();
}

}  // namespace redline::planner
