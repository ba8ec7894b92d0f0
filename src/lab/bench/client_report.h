// What the load generator can do on this machine, and how well it tells the time, against a mock
// server in the same process that shares its cores. Rates are floors; CPU times are robust.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace redline::lab {

struct TimingCheck {
  int64_t concurrency = 0;
  double ttft_ms = 0;  // what the server keeps to
  double itl_ms = 0;
  double ttft_error_p50_ms = 0;  // of the client, against the server's own record
  double ttft_error_p99_ms = 0;
  double gap_error_p50_ms = 0;
  double gap_error_p99_ms = 0;
};

struct ClientReport {
  int num_threads = 0;
  double requests_per_second = 0;  // answers of one token, 256 at a time
  double cpu_us_per_request = 0;
  double events_per_core_second = 0;  // streams of 200 tokens, every event parsed and stamped
  double cpu_us_per_event = 0;
  std::vector<TimingCheck> timing;
  double open_loop_rate = 0;  // requests per second, at equal distances
  double send_error_p99_ms = 0;
};

// Takes about 10 seconds. num_threads 0: one for each core.
Result<ClientReport> MakeClientReport(int num_threads);
// Compact JSON.
std::string ToJson(const ClientReport& check);

}  // namespace redline::lab
