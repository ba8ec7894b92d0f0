// What the mock server does. Plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::lab {

// What can be wrong with an answer. Half of its tokens come before a fault of the stream.
enum class Fault : uint8_t {
  kNone,
  kStall,       // no further byte; the connection stays open
  kReset,       // the connection is reset
  kCloseEarly,  // the connection is closed inside the answer
  kSplitUtf8,   // a character's bytes come in two chunks: valid, a client must cope
  kBadUtf8,     // half a character in an event
  kUsageLie,    // usage tells more tokens than asked for
  kGarbage,     // an event that is not JSON
  kBadHttp,     // the answer is not HTTP
  kError500,
  kError429,
  kLongLine,  // an event of 2 MiB
  kNoDone,    // the stream ends well, but without [DONE]
};
inline constexpr int kNumFaults = 13;
std::string_view NameOf(Fault fault);  // "none", "stall", "close-early", ...
Result<Fault> FaultFromName(std::string_view name);
std::vector<std::string> FaultNames();

struct MockOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any free one
  int num_threads = 1;
  double ttft_ms = 0;  // from the arrival of the request's last byte to the first token
  double itl_ms = 0;   // between tokens; 0: all tokens of an answer are sent at once
  Fault fault = Fault::kNone;
  double fault_share = 1;  // of the requests
  // Its own record of what it sent and when (truth_log.h): kept in memory, or in a file.
  bool keep_truth = false;
  std::filesystem::path truth_path;
};

Status Validate(const MockOptions& options);

}  // namespace redline::lab
