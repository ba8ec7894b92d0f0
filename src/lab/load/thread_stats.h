// What one thread of the load generator counts. Owned by its thread; merged when the run has ended.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lab/histogram.h"
#include "lab/load/load_result.h"
#include "lab/request_record.h"

namespace redline::lab {

struct ThreadStats {
  Histogram ttft_ns;
  Histogram gaps_ns;
  Histogram e2e_ns;
  Histogram schedule_lag_ns;
  Histogram read_delay_ns;
  std::vector<uint64_t> output_events;  // by second
  uint64_t num_sent = 0;
  uint64_t num_finished = 0;
  uint64_t num_in_flight = 0;
  uint64_t num_output_events = 0;
  std::array<uint64_t, kNumOutcomes> outcomes{};
  std::array<std::string, kNumOutcomes> first_errors;
  ThreadHealth health;

  // `count` events that arrived together; the one before them (if any) at last_ns.
  void CountOutputs(const RequestRecord& record, int32_t count, int64_t last_ns, int64_t now_ns);
  void CountEnd(const RequestRecord& record, const std::string& error);
};

}  // namespace redline::lab
