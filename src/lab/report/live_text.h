// A running benchmark in a few lines of text. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace redline::lab {

// Times in ms; negative: nothing seen yet.
struct LiveQuantiles {
  double p50_ms = -1;
  double p99_ms = -1;
};

struct LiveProgress {
  std::string name;   // of the workload
  std::string phase;  // "warm-up", "selfcheck"; empty: the run itself
  int64_t repeat = 1;
  int64_t num_repeats = 1;
  double elapsed_s = 0;  // since this repeat's begin
  int64_t num_total = 0;
  int64_t num_sent = 0;
  int64_t num_done = 0;  // over, well or not
  int64_t num_failed = 0;
  double output_tps = 0;  // of late
  double request_rate = 0;
  LiveQuantiles ttft;
  LiveQuantiles gap;
  std::map<std::string, int64_t> errors;  // by kind
};

// Until this repeat's end, as fast as it went so far; negative: cannot be told.
double EtaSeconds(const LiveProgress& progress);

// At most `width` columns each. The number of lines depends on whether there are errors.
std::vector<std::string> LiveLines(const LiveProgress& progress, size_t width);
// All of it in one line, for a log.
std::string LiveSummary(const LiveProgress& progress);

}  // namespace redline::lab
