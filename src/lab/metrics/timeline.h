// A run over time, in bins of equal width: what was made, what waited, what failed. Pure functions.
//
// A request's output tokens are laid evenly between its first and its last: a request's record has
// no stamp of each. Its input tokens count where its first token came.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lab/request_record.h"

namespace redline::lab {

// Columns of equal length, one entry per bin.
struct Timeline {
  double begin_s = 0;  // after the run's begin
  double bin_s = 0;
  std::vector<double> output_tokens;
  std::vector<double> input_tokens;
  std::vector<double> finished;  // requests that ended well
  std::vector<double> failed;    // requests that ended otherwise
  std::vector<double> prefill;   // requests that were sent and had no token yet, on average
  std::vector<double> decode;    // requests between first token and end, on average

  size_t size() const { return output_tokens.size(); }
  double InFlight(size_t bin) const { return prefill[bin] + decode[bin]; }
};

// Span of time from the first byte sent to the last answer over, in seconds after the run's begin.
struct TimeSpan {
  double begin_s = 0;
  double end_s = 0;
  double seconds() const { return end_s - begin_s; }
};
TimeSpan SpanOf(std::span<const RequestRecord> records);

// Bins of a round width (0.1, 0.2, 0.5, 1, 2, 5, ... s) so that there are at most `max_bins`. Bins
// are never narrower than 0.1 s.
Timeline MakeTimeline(std::span<const RequestRecord> records, size_t max_bins = 600);
// At most `max_bins` bins of exactly `bin_s` from `span.begin_s` on.
Timeline MakeTimeline(std::span<const RequestRecord> records, TimeSpan span, double bin_s,
                      size_t max_bins);

// The most requests in flight at one moment.
double PeakInFlight(std::span<const RequestRecord> records);

}  // namespace redline::lab
