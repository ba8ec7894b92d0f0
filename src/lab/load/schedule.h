// Which request is sent next, and when: the plan's order made ready for several threads.
// Thread-safe after it is made: const but for one atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "lab/request_record.h"
#include "workload/request_plan.h"

namespace redline::lab {

class Schedule {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Fills `records` with what the plan says of each request. Heads are the requests that follow no
  // other one: all but the later turns of sessions.
  Schedule(const workload::RequestPlan& plan, std::vector<RequestRecord>& records);

  // kInvalidArgument: some heads have an intended time and others have none.
  Status Check() const;
  bool is_open_loop() const { return num_timed_heads_ > 0; }
  size_t num_heads() const { return heads_.size(); }
  // Open loop: in the order of their times.
  uint32_t Head(size_t position) const { return heads_[position]; }
  // Closed loop: the next one that no thread has taken, or kNone.
  uint32_t TakeHead();
  bool HasHeads() const { return next_head_.load(std::memory_order_relaxed) < heads_.size(); }
  // The session's next turn, or kNone.
  uint32_t NextTurn(uint32_t index) const { return next_turn_.empty() ? kNone : next_turn_[index]; }

 private:
  void LinkTurns(const std::vector<RequestRecord>& records);

  std::vector<uint32_t> heads_;
  std::vector<uint32_t> next_turn_;  // by request; empty without sessions
  size_t num_timed_heads_ = 0;
  std::atomic<size_t> next_head_ = 0;
};

}  // namespace redline::lab
