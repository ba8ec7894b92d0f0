// Measures the load generator itself against a mock server in the same process. Figures are of this
// machine at this moment: client and server share its cores, so rates are floors, and CPU times are
// the robust figures.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "lab/load/load_result.h"
#include "lab/load/timing_error.h"

namespace redline::lab {

struct ProbeSpeed {
  double per_second = 0;       // requests, or events, over the run's wall time
  double per_core_second = 0;  // over the client's CPU time
  double cpu_us = 0;           // of the client, for each
};

struct ProbeThreads {
  int client = 0;  // 0: one for each core
  int server = 1;
};

// Whole answers of one token.
Result<ProbeSpeed> ProbeRequests(size_t num_requests, int64_t concurrency, ProbeThreads threads);
// Streams of `output_tokens` events, which the server sends as fast as it can.
Result<ProbeSpeed> ProbeEvents(size_t num_requests, int32_t output_tokens, int64_t concurrency,
                               ProbeThreads threads);
// Streams whose first token comes after ttft_ms and the others every itl_ms.
struct TimingProbe {
  size_t num_requests = 0;
  int64_t concurrency = 1;
  double ttft_ms = 5;
  double itl_ms = 2;
  int32_t output_tokens = 100;
};
Result<TimingErrors> ProbeTiming(const TimingProbe& probe, ProbeThreads threads);
// Requests at equal distances.
struct SendProbe {
  Histogram error_ns;  // from intended to sent
  uint64_t num_sent = 0;
  uint64_t num_failed = 0;
};
Result<SendProbe> ProbeSending(double rate, double seconds, ProbeThreads threads);

}  // namespace redline::lab
