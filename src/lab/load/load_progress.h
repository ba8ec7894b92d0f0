// What a run has seen so far, for a live view.
#pragma once

#include <array>
#include <cstdint>

#include "lab/histogram.h"
#include "lab/request_record.h"

namespace redline::lab {

struct LoadProgress {
  double elapsed_s = 0;
  uint64_t total = 0;  // requests of the plan
  uint64_t sent = 0;
  uint64_t finished = 0;  // whatever their outcome
  uint64_t in_flight = 0;
  uint64_t output_events = 0;
  std::array<uint64_t, kNumOutcomes> outcomes{};
  Histogram ttft_ns;  // from sent to first token
  Histogram gaps_ns;  // between events with output, pooled
  Histogram e2e_ns;   // from sent to the end, of requests that are ok
};

}  // namespace redline::lab
