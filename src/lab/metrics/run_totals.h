// The sums of a run, or of a window of it, from which its rates follow. Plain data.
#pragma once

#include <cstdint>

namespace redline::lab {

struct RunTotals {
  double duration_s = 0;  // first byte sent to last answer over; or the window's length
  int64_t num_sent = 0;
  int64_t num_ok = 0;
  int64_t num_failed = 0;    // neither ok nor ended by the client itself
  double input_tokens = 0;   // of prompts whose first token came in the window
  double output_tokens = 0;  // made in the window
  int64_t num_good = 0;      // ok, and every objective of its class met
  bool has_objectives = false;
  double in_flight_seconds = 0;  // sum of the requests' times in flight
  double peak_in_flight = 0;
  double ttft_ms = 0;          // sum over those that are ok and have one
  double ttft_square_ms2 = 0;  // of its squares
  int64_t num_ttft = 0;
  double peak_output_tps = 0;  // best full second; 0 when the run is shorter
  double price_per_hour = 0;   // of what serves; 0: not told
  double energy_joules = 0;    // of what serves; 0: no sensor
};

}  // namespace redline::lab
