// When a plan's requests are sent: the load generator's rules in simulated time. Open loop at the
// plan's times (later where `concurrency` are in flight already), closed loop whenever one of
// `concurrency` places is free; a session's next turn comes after its pause, on its place.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/status.h"
#include "spec/workload_spec.h"
#include "workload/request_plan.h"

namespace redline::planner {

class PlanClient {
 public:
  struct Send {
    uint32_t index = 0;
    double intended_s = 0;
    double sent_s = 0;
  };

  // kInvalidArgument: some requests have a time and others have none. `plan` outlives the client.
  static Result<std::unique_ptr<PlanClient>> Make(const workload::RequestPlan& plan,
                                                  const spec::WorkloadSpec& spec);

  // When the next one is sent, if nothing ends before; infinity: none.
  double NextSendSeconds() const { return next_send_s_; }
  Send TakeNext();
  // The client has the last token of a request, or its refusal. In the order of time.
  void OnDone(uint32_t index, double time_s);

 private:
  struct Turn {
    double due_s;
    uint32_t index;
    bool operator>(const Turn& other) const {
      return due_s != other.due_s ? due_s > other.due_s : index > other.index;
    }
  };

  PlanClient(const workload::RequestPlan& plan, int64_t concurrency)
      : plan_(plan), has_places_(concurrency > 0), unused_places_(concurrency) {}
  Status FindHeads();
  // When the next place is free; infinity: not as things stand.
  double PlaceSeconds() const;
  void TakePlace();
  double HeadSeconds() const;
  void UpdateHead();
  bool HasTurnFirst() const;
  void UpdateNext();

  const workload::RequestPlan& plan_;
  bool is_open_loop_ = false;
  bool has_turns_ = false;
  std::vector<uint32_t> heads_;  // first turns, in the order of sending
  size_t next_head_ = 0;
  double next_head_s_ = 0;   // open loop: its time in the plan
  std::vector<Turn> turns_;  // later ones that are due: a heap, the earliest first
  // Open loop: taken by requests in flight; closed loop: by sessions under way.
  const bool has_places_;
  int64_t unused_places_;           // free since the beginning
  std::deque<double> free_places_;  // since when, in the order of time
  double next_send_s_ = 0;
};

}  // namespace redline::planner
