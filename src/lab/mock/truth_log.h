// What the mock server did and when: the yardstick for a client's stamps. As a file, one line each:
//   REQUEST EVENT NANOSECONDS
// REQUEST is the request's X-Request-Id when that is a number, else its place in the order the
// server read them; EVENT is -1 when its last byte arrived, else the token (from 0) that is
// about to be handed to the kernel; the time is CLOCK_MONOTONIC, comparable across processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"

namespace redline::lab {

struct TruthEvent {
  uint32_t request = 0;
  int32_t event = -1;
  int64_t time_ns = 0;
};

// Thread-safe by its mutex; each server thread appends what it gathered, many events at a time.
class TruthLog {
 public:
  // With a path events go to the file, else they are kept for Take().
  Status Open(const std::filesystem::path& path);
  void Append(const std::vector<TruthEvent>& events);
  std::vector<TruthEvent> Take();

 private:
  std::mutex mutex_;
  UniqueFd file_;
  std::vector<TruthEvent> events_;
};

}  // namespace redline::lab
