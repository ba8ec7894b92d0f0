// One connection of the mock server: reads requests, writes answers when their tokens are due.
// Owned by one MockThread, used by its thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "lab/arrival_clock.h"
#include "lab/mock/mock_answer.h"
#include "lab/mock/mock_options.h"
#include "lab/mock/mock_request.h"
#include "lab/mock/truth_log.h"

namespace redline::lab {

// What a thread gives its connections.
struct MockContext {
  const MockOptions& options;
  std::string& read_buffer;
  ArrivalClock clock = {};
  std::vector<TruthEvent>* truth = nullptr;  // null: none is kept
  uint32_t thread_index = 0;
  uint32_t num_requests = 0;  // that this thread has read
};

class MockConnection {
 public:
  explicit MockConnection(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  bool closed() const { return !fd_.valid(); }
  // The socket takes no more: call OnWritable() when it does.
  bool wants_writable() const { return is_blocked_; }
  // When Advance() is to be called, or -1.
  int64_t due_ns() const { return due_ns_; }

  void OnReadable(MockContext& context);
  void OnWritable(MockContext& context);
  // Sends what is due by now_ns.
  void Advance(MockContext& context, int64_t now_ns);

 private:
  void ReadRequests(MockContext& context, int64_t arrived_ns);
  void StartAnswer(MockContext& context);
  void StartReply(MockContext& context);
  void Proceed(MockContext& context, int64_t now_ns);
  void SendTokens(MockContext& context, int64_t now_ns);
  int32_t AppendDueTokens(MockContext& context, int64_t now_ns);
  void AppendFault();
  void FinishReply(MockContext& context);
  void SendFaultyWhole(std::string answer);
  void Flush();
  void Close() { fd_.Reset(); }
  void Reset();
  void Record(MockContext& context, int32_t event, int64_t time_ns);

  UniqueFd fd_;
  std::string in_;
  std::string out_;
  size_t sent_ = 0;    // of out_
  size_t needed_ = 0;  // bytes of in_ that a whole request takes, as far as known
  MockRequest request_;
  uint32_t request_number_ = 0;
  Fault fault_ = Fault::kNone;
  bool is_blocked_ = false;  // the kernel takes no more of out_ for now
  bool answering_ = false;
  bool close_after_flush_ = false;
  int32_t next_token_ = 0;
  int64_t arrived_ns_ = 0;  // the request's last byte
  int64_t due_ns_ = -1;
};

}  // namespace redline::lab
