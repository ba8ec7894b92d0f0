// One thread of the mock server: its own listening socket, epoll set and timers. Connections stay
// on the thread that accepted them.
#pragma once

#include <atomic>
#include <memory>
#include <queue>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "lab/mock/mock_connection.h"
#include "lab/mock/mock_options.h"
#include "lab/mock/truth_log.h"

namespace redline::lab {

class MockThread {
 public:
  // `truth` may be null; else it outlives the thread.
  static Result<std::unique_ptr<MockThread>> Start(const MockOptions& options, int index,
                                                   UniqueFd listener, TruthLog* truth);
  ~MockThread();  // closes every connection

 private:
  struct Timer {
    int64_t due_ns;
    uint64_t connection_id;
    bool operator>(const Timer& other) const { return due_ns > other.due_ns; }
  };
  struct Entry {
    explicit Entry(UniqueFd fd) : connection(std::move(fd)) {}
    MockConnection connection;
    int64_t timer_ns = -1;  // the due time that stands in timers_
    bool watches_writable = false;
  };

  MockThread(const MockOptions& options, int index, UniqueFd listener, TruthLog* truth);
  Status Open();
  void Run();
  void Accept();
  void SetListening(bool is_listening);
  void RunTimers();
  void Calibrate();
  void OnEvent(uint64_t id, uint32_t events);
  void Settle(uint64_t id, Entry& entry);

  const MockOptions options_;
  UniqueFd listener_;
  UniqueFd epoll_;
  UniqueFd wake_;
  TruthLog* truth_;
  std::vector<TruthEvent> truth_events_;
  std::string read_buffer_;
  MockContext context_;
  std::unordered_map<uint64_t, Entry> connections_;  // by an id that is never used twice
  bool is_listening_ = true;
  uint64_t next_id_ = 2;  // 0: the listener; 1: the wake-up
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  int64_t next_calibration_ns_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace redline::lab
