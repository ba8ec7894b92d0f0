#include "lab/load/schedule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace redline::lab {
namespace {

RequestRecord RecordOf(const workload::PlannedRequest& request, size_t index) {
  RequestRecord record;
  record.index = static_cast<uint32_t>(index);
  record.session = request.session;
  record.input_tokens = request.input_tokens;
  record.output_tokens = request.output_tokens;
  record.slo_class = request.slo_class;
  record.turn = static_cast<uint16_t>(request.turn);
  // The time of a later turn follows from the turn before.
  if (request.turn == 0 && request.intended_s >= 0)
    record.intended_ns = std::llround(request.intended_s * 1e9);
  return record;
}

}  // namespace

Schedule::Schedule(const workload::RequestPlan& plan, std::vector<RequestRecord>& records) {
  records.resize(plan.size());
  bool has_turns = false;
  for (size_t index = 0; index < records.size(); ++index) {
    records[index] = RecordOf(plan.At(index), index);
    has_turns |= records[index].turn > 0;
  }
  if (has_turns) LinkTurns(records);
  for (const RequestRecord& record : records) {
    if (record.turn > 0) continue;
    heads_.push_back(record.index);
    num_timed_heads_ += record.intended_ns >= 0;
  }
  if (is_open_loop())
    std::stable_sort(heads_.begin(), heads_.end(), [&](uint32_t left, uint32_t right) {
      return records[left].intended_ns < records[right].intended_ns;
    });
}

void Schedule::LinkTurns(const std::vector<RequestRecord>& records) {
  std::vector<uint32_t> order(records.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
    const RequestRecord& a = records[left];
    const RequestRecord& b = records[right];
    return std::tie(a.session, a.turn, a.index) < std::tie(b.session, b.turn, b.index);
  });
  next_turn_.assign(records.size(), kNone);
  for (size_t i = 1; i < order.size(); ++i) {
    const RequestRecord& later = records[order[i]];
    if (later.turn > 0 && later.session == records[order[i - 1]].session)
      next_turn_[order[i - 1]] = later.index;
  }
}

Status Schedule::Check() const {
  if (num_timed_heads_ == 0 || num_timed_heads_ == heads_.size()) return OkStatus();
  return InvalidArgument(
      "some requests of the workload have a time and others have none: give all of them one "
      "(open loop), or none (closed loop)",
      "arrivals");
}

uint32_t Schedule::TakeHead() {
  const size_t position = next_head_.fetch_add(1, std::memory_order_relaxed);
  return position < heads_.size() ? heads_[position] : kNone;
}

}  // namespace redline::lab
