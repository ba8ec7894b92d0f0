// One connection of the load generator and the request on it. Its buffers are used again for every
// request. Owned by one LoadThread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files.h"
#include "lab/load/answer_reader.h"
#include "lab/load/target_address.h"

namespace redline::lab {

struct LoadConnection {
  enum class State : uint8_t { kClosed, kConnecting, kIdle, kSending, kReading };
  enum class SendResult : uint8_t { kAll, kPart, kFailed };

  // Begins to connect; non-blocking. False: errno tells why.
  bool Open(const TargetAddress& target);
  // Sends what is left of `out`. kFailed: errno tells why.
  SendResult Send();
  void Close();

  State state = State::kClosed;
  UniqueFd fd;
  std::string out;          // the request
  size_t num_sent = 0;      // bytes of it
  uint32_t index = 0;       // of the request; kNone of Schedule while there is none
  int64_t deadline_ns = 0;  // of the present state
  int64_t whole_deadline_ns = 0;
  bool watches_writable = false;
  // The connection had been used before: the server may have closed it just now. An end without a
  // byte of answer is then no fault of the server, and the request is sent once more.
  bool may_be_stale = false;
  AnswerReader answer;
};

}  // namespace redline::lab
