// What a run of the load generator saw. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lab/histogram.h"
#include "lab/request_record.h"

namespace redline::lab {

struct SecondTotals {
  double output_tokens = 0;  // tokens whose events do not tell them apart are spread evenly
  int64_t finished = 0;      // requests, whatever their outcome
  int64_t in_flight = 0;     // at the second's end
};

struct ThreadHealth {
  double cpu_s = 0;
  // Ready to run, but waiting for a core; -1 where the kernel does not tell.
  double run_queue_wait_s = -1;
};

// How well the client did its own part.
struct ClientHealth {
  double wall_s = 0;
  double cpu_s = 0;  // of all its threads
  std::vector<ThreadHealth> threads;
  // From when a request should have been sent (open loop: the schedule; closed loop: its place was
  // free) to when the client turned to it.
  Histogram schedule_lag_ns;
  // From the arrival of an answer's bytes in the kernel to their being read. Their time stamp is
  // the arrival; but what arrived meanwhile on the same connection has one stamp, the last one's.
  Histogram read_delay_ns;

  double MaxCpuShare() const {  // of the busiest thread, of one core
    double most = 0;
    for (const ThreadHealth& thread : threads) most = thread.cpu_s > most ? thread.cpu_s : most;
    return wall_s > 0 ? most / wall_s : 0;
  }
};

struct LoadResult {
  int64_t begin_ns = 0;                // CLOCK_MONOTONIC: what the records' times are relative to
  std::vector<RequestRecord> records;  // in plan order
  Histogram ttft_ns;
  Histogram gaps_ns;
  Histogram e2e_ns;
  std::vector<SecondTotals> seconds;
  ClientHealth health;
  std::array<uint64_t, kNumOutcomes> outcomes{};
  std::array<std::string, kNumOutcomes> first_errors;  // what was said of the first of its kind
};

}  // namespace redline::lab
