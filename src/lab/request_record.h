// What was seen of one request. Times are nanoseconds of CLOCK_MONOTONIC after the run's begin; -1:
// it did not come to that. A million of them take about 100 MB.
#pragma once

#include <cstdint>
#include <string_view>

namespace redline::lab {

enum class Outcome : uint8_t {
  kOk,
  kConnectFailed,  // refused, unreachable, no descriptor left
  kReset,          // the connection broke, or ended before the answer did
  kTimeout,        // no answer, or none for too long
  kHttpError,      // status is not 2xx: http_status tells
  kBadHttp,        // what came is not HTTP
  kBadEvent,       // an event is not JSON, is too long, or reports an error
  kNoDone,         // the stream ended well, but without its end mark
  kUsageMismatch,  // the server's usage contradicts what was asked or what came
  kAborted,        // ended by the client, as the workload says
  kNotSent,        // the run ended first
};
inline constexpr int kNumOutcomes = 11;
std::string_view NameOf(Outcome outcome);  // "ok", "connect_failed", ...

struct RequestRecord {
  uint32_t index = 0;  // of the plan
  uint32_t session = 0;
  int64_t intended_ns = -1;  // open loop: the schedule's time; closed loop: when its place was free
  int64_t sent_ns = -1;      // the first byte of the request was handed to the kernel
  int64_t head_ns = -1;      // the answer's head was read
  int64_t first_token_ns = -1;  // the first event with output
  int64_t last_token_ns = -1;   // the last event with output
  int64_t end_ns = -1;          // the answer (or the attempt) was over
  int32_t input_tokens = 0;     // asked for
  int32_t output_tokens = 0;    // asked for
  int32_t usage_input = -1;     // prompt_tokens of the server's usage; -1: not told
  int32_t usage_output = -1;    // completion_tokens
  int32_t usage_cached = -1;    // prompt_tokens_details.cached_tokens
  int32_t num_events = 0;       // events with output: tokens, where the server sends each by itself
  int32_t max_gap_us = 0;       // the longest pause between two events with output
  uint16_t http_status = 0;
  uint16_t slo_class = 0;
  uint16_t turn = 0;
  Outcome outcome = Outcome::kNotSent;

  bool ok() const { return outcome == Outcome::kOk; }
  // Output tokens as far as known: the server's word, else the events.
  int32_t OutputTokens() const { return usage_output >= 0 ? usage_output : num_events; }
  int32_t InputTokens() const { return usage_input >= 0 ? usage_input : input_tokens; }
};

}  // namespace redline::lab
