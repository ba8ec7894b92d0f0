// The hand-over from API threads to the engine thread, and the count of requests in the engine.
//
// One mutex guards all of it. The engine thread sleeps in Take when it has nothing to do.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "engine/runtime/sequence.h"

namespace redline::engine {

class RequestQueue {
 public:
  // A request that is to end early, and what its sink is told: kAbort or kStop.
  struct Ending {
    RequestId id = 0;
    FinishReason reason = FinishReason::kAbort;
  };
  // What arrived since the last Take, in the order to be applied.
  struct News {
    std::vector<std::unique_ptr<Sequence>> arrivals;
    std::vector<Ending> endings;
    bool abort_all = false;
    bool stop = false;
  };

  // `max_requests`: bound on the requests in the engine, those waiting here included.
  explicit RequestQueue(int64_t max_requests) : max_requests_(max_requests) {}

  // kUnavailable after Close, kResourceExhausted when full.
  Status Push(std::unique_ptr<Sequence> sequence);
  void End(Ending ending);
  void Close();     // refuses further requests
  void AbortAll();  // ends every request
  void Stop();      // ends every request, then the engine thread
  // Waits until every request has ended; false when the deadline came first.
  bool WaitUntilIdle(double deadline_seconds);
  int64_t num_arrivals() const;
  int64_t num_requests() const;  // in the engine

  // For the engine thread. `wait`: sleep until there is news.
  News Take(bool wait);
  // The last events of `count` requests were delivered.
  void Ended(int64_t count);

 private:
  bool HasNews() const;

  const int64_t max_requests_;
  mutable std::mutex mutex_;
  std::condition_variable news_arrived_;
  std::condition_variable became_idle_;
  News news_;                 // guarded by mutex_
  int64_t num_requests_ = 0;  // pushed and not ended; guarded by mutex_
  bool closed_ = false;       // guarded by mutex_
};

}  // namespace redline::engine
