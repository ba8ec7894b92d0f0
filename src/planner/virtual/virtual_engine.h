// A virtual engine without threads and sockets: an EngineScheduler by the clock that Advance is
// told. The driver's thread owns it. Times are the engine's own seconds.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "planner/simulate/engine_scheduler.h"
#include "planner/simulate/step_group.h"
#include "planner/step_cost.h"
#include "planner/virtual/virtual_stats.h"

namespace redline::planner {

// Where a request's tokens go. Called on the engine's thread; every request ends with one of the
// last two, unless it was cancelled.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual bool IsStreaming() const = 0;  // false: OnTokens is not called
  // False: nobody takes them any more; the request is then cancelled.
  virtual bool OnTokens(int64_t count) = 0;
  virtual void OnFinished(int64_t output_tokens, int64_t cached_tokens) = 0;
  virtual void OnRefused(const Status& status) = 0;
};

struct VirtualEngineRequest {
  int32_t input_tokens = 0;
  int32_t output_tokens = 0;  // the answer has as many
  std::vector<workload::PromptPiece> pieces;
  std::shared_ptr<AnswerSink> sink;  // shared with the connection that may leave
};

// What the client waits beyond the scheduler's steps.
struct ResponseDelay {
  double seconds = 0;
  double steps = 0;  // mean times between tokens
};

// A step that begins.
struct StepReport {
  double time_s = 0;
  int64_t first_rank = 0;  // of `ranks`
  std::span<const RankStep> ranks;
};

class VirtualEngine : private PromptSource {
 public:
  // `cost` outlives it. kInvalidArgument: a field of the policy.
  static Result<std::unique_ptr<VirtualEngine>> Make(const SchedulerPolicy& policy,
                                                     const StepCost& cost,
                                                     const ResponseDelay& delay);

  // The request is there since `arrival_s`. Returns its name for Cancel.
  uint64_t Submit(double arrival_s, VirtualEngineRequest request);
  void Cancel(uint64_t id);
  // Does what was due until `now_s`, each thing at its own time; returns when the next one is due,
  // infinity: nothing is.
  double Advance(double now_s);

  VirtualStats Stats() const;
  // Of what is being done, during Advance.
  double now_s() const { return now_s_; }
  void OnStep(std::function<void(const StepReport&)> callback) { on_step_ = std::move(callback); }

 private:
  struct Request {
    VirtualEngineRequest request;
    EngineScheduler::Handle handle;
    double arrival_s = 0;
    int64_t num_told = 0;  // tokens that are on their way to the client
    double first_s = -1;   // when its client had the first
  };
  // Has left the front end at that time.
  struct Ready {
    double time_s;
    uint64_t id;
  };
  struct Tokens {
    uint64_t id;
    int64_t count;
    bool is_end;
    int64_t output_tokens;
    int64_t cached_tokens;
  };
  // Tokens of one step, with their clients at that time.
  struct Delivery {
    double due_s;
    std::vector<Tokens> tokens;
  };
  // Ranks that step together.
  struct Group {
    Group(EngineScheduler& engine, int64_t rank, int64_t first_rank, int64_t num_ranks)
        : steps(engine, rank), first(first_rank), count(num_ranks) {}
    StepGroup steps;
    int64_t first;
    int64_t count;
    int64_t num_decodes = 0;        // in the step that runs
    double last_decode_s = -1;      // when the last such step ended; -1: before a pause
    std::vector<uint64_t> leaving;  // cancelled while the step ran
  };

  VirtualEngine(const SchedulerPolicy& policy, const StepCost& cost, const ResponseDelay& delay)
      : policy_(policy), cost_(cost), delay_(delay) {}

  void AppendContext(uint64_t id, std::vector<workload::PromptPiece>& pieces) const override;

  double NextSeconds() const;
  void EnterReady();
  void Enter(uint64_t id);
  void StartIdleGroups();
  void Start(Group& group);
  double LoneTokenSeconds() const;
  void Complete(Group& group);
  void CollectStreams(Group& group, std::vector<Tokens>& tokens);
  void LearnTokenTime(Group& group);
  void Deliver();
  void DeliverTokens(const Tokens& tokens);
  void CountFinish(const Request& request, const Tokens& tokens);
  double DelaySeconds() const { return delay_.seconds + delay_.steps * token_seconds_; }

  const SchedulerPolicy policy_;
  const StepCost& cost_;
  const ResponseDelay delay_;
  std::unique_ptr<EngineScheduler> engine_;
  std::vector<Group> groups_;
  std::unordered_map<uint64_t, Request> requests_;
  uint64_t next_id_ = 1;
  double now_s_ = 0;
  double frontend_free_s_ = 0;
  std::deque<Ready> ready_;
  std::deque<Delivery> deliveries_;  // in the order of time
  double token_seconds_ = 0;         // mean time between tokens, lately; 0: no step yet
  double token_sum_s_ = 0;           // of the times that are in it, older ones less
  double token_weight_ = 0;          // and of their counts
  double learned_s_ = 0;             // when
  std::vector<RequestEvent> events_;
  VirtualStats totals_;
  std::function<void(const StepReport&)> on_step_;
};

}  // namespace redline::planner
