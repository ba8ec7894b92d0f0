// One thread of the load generator: an epoll set, its connections, its share of the requests. Every
// wake-up first reads and stamps all that has arrived, then sends what has become due, so that
// sending delays no stamp. Nothing is allocated for an event or, once buffers have grown, for a
// request. Each state of a connection has a deadline.
//
// Run() belongs to one thread; Snapshot() may be called from another.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "lab/arrival_clock.h"
#include "lab/load/load_connection.h"
#include "lab/load/load_options.h"
#include "lab/load/raw_samples.h"
#include "lab/load/request_writer.h"
#include "lab/load/schedule.h"
#include "lab/load/target_address.h"
#include "lab/load/thread_stats.h"
#include "lab/request_record.h"

namespace redline::lab {

// What the threads of a run share. Each writes only the records of its own requests.
struct LoadContext {
  const LoadOptions& options;
  const TargetAddress& target;
  const RequestWriter& writer;
  Schedule& schedule;
  std::vector<RequestRecord>& records;
  RawSampleWriter* samples = nullptr;  // null: none
  int num_threads = 1;
};

class LoadThread {
 public:
  // `num_places`: closed loop, requests (sessions) at a time; open loop, the most in flight.
  LoadThread(const LoadContext& context, int index, int64_t num_places);

  Status Open();
  // Closed loop: connects its places, so that the run does not begin with a burst of handshakes.
  void Warm();
  // Sends and reads until the thread's share is done. begin_ns: CLOCK_MONOTONIC.
  void Run(int64_t begin_ns);

  ThreadStats& stats() { return stats_; }
  // The counts of at most a tenth of a second ago.
  ThreadStats Snapshot();

 private:
  struct Turn {
    int64_t due_ns;
    uint32_t index;
    bool operator>(const Turn& other) const { return due_ns > other.due_ns; }
  };

  int64_t Now() const;  // after the run's begin
  bool HasWork() const;
  bool HasHeads() const;

  // Sending.
  void SendDue();
  bool TakeDue(int64_t now_ns, uint32_t& index);
  bool TakeHead(int64_t now_ns, uint32_t& index);
  void Prepare();
  void Start(uint32_t index, int64_t now_ns);
  LoadConnection& FreeConnection();
  void Connect(LoadConnection& connection);
  void Send(LoadConnection& connection);

  // Reading.
  void Wait(int64_t limit_ns);
  int64_t WaitLimit(int64_t now_ns) const;
  void OnEvent(LoadConnection& connection, uint32_t events);
  void OnConnected(LoadConnection& connection);
  void Read(LoadConnection& connection);
  void OnOutputs(LoadConnection& connection, int64_t last_ns, int64_t now_ns);
  bool MustAbort(const RequestRecord& record) const;

  // Ending.
  void Fail(LoadConnection& connection, Outcome outcome, const std::string& error);
  void FailConnect(LoadConnection& connection, int error_number);
  void Finish(LoadConnection& connection, const std::string& error);
  void Release(LoadConnection& connection);
  void FreePlace(uint32_t index, int64_t now_ns);
  void Sweep();
  void SweepConnection(LoadConnection& connection, int64_t now_ns, bool is_stopped);

  void Watch(LoadConnection& connection, bool writable, int operation);
  void Sample(uint32_t index, RawSample::Kind kind, int32_t count, int64_t time_ns);
  void Publish();

  const LoadContext context_;
  const int index_;
  const int64_t num_places_;
  const bool is_open_loop_;
  const AnswerReader::Rules rules_;
  UniqueFd epoll_;
  std::string read_buffer_;
  ArrivalClock clock_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::vector<LoadConnection*> idle_;    // the one used last is used first
  std::vector<LoadConnection*> closed_;  // to be opened again
  std::vector<int64_t> free_places_;     // closed loop: since when
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
  size_t next_head_ = 0;  // open loop: position in the schedule
  // Open loop: the next request, written ahead of its time.
  uint32_t prepared_index_ = Schedule::kNone;
  std::string prepared_;
  int64_t in_flight_ = 0;
  int64_t begin_ns_ = 0;
  int64_t wake_ns_ = 0;  // when the last wait ended
  int64_t next_sweep_ns_ = 0;
  bool sends_no_more_ = false;
  std::vector<RawSample> samples_;
  ThreadStats stats_;

  std::mutex snapshot_mutex_;
  ThreadStats snapshot_;  // under snapshot_mutex_
};

}  // namespace redline::lab
