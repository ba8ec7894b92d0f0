// Walks a server through loads: a ladder of concurrencies to saturation, then, where there is an
// objective, a search for the highest rate that keeps it.
//
// Ladder: 1, 2, 4, ... until two steps in a row gain less than 5% of output throughput. Saturation
// is the least concurrency within 5% of the best throughput. The knee is where throughput / mean
// end-to-end time is greatest (Kleinrock's power): below it requests wait for nothing, above it
// they wait more than they gain.
// Rate: doubled from what the ladder says is a tenth of the capacity until the objective breaks,
// then halved in between until the bracket is within `precision`. A rate holds when the objective
// is met and the server kept up: it finished 95% of what came, and nothing failed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/metrics/measurement.h"

namespace redline::lab {

struct Objective {
  std::string figure;  // "ttft_ms.p99"
  double limit = 0;    // at most
};
// "ttft_ms.p99<=2000"; kInvalidArgument for an unknown figure or a limit that is none.
Result<Objective> ObjectiveFromText(const std::string& text);

struct SweepLimits {
  int64_t most_concurrency = 1024;
  double precision = 0.05;  // of the rate found
  int most_rates = 24;
};

struct SweepPoint {
  std::string name;         // "concurrency-8", "rate-12.5"
  int64_t concurrency = 0;  // 0: an open loop
  double rate = 0;          // requests per second; 0: a closed loop
  Measurement measurement;
  bool holds = true;  // the objectives, of a rate
};

struct SweepResult {
  std::vector<SweepPoint> points;  // in the order of their measuring
  int64_t saturation_concurrency = 0;
  int64_t knee_concurrency = 0;
  double best_output_tps = 0;
  std::optional<double>
      max_rate;             // that keeps the objectives; absent: none did, or none were given
  bool is_complete = true;  // false: stopped before its end
};

// Measures one point, or reads it from where it was kept. kCancelled ends the sweep.
using MeasurePoint = std::function<Result<Measurement>(const SweepPoint& point)>;

Result<SweepResult> RunSweep(const std::vector<Objective>& objectives, const SweepLimits& limits,
                             const MeasurePoint& measure);

// Compact JSON without the measurements themselves.
std::string ToJson(const SweepResult& result);

}  // namespace redline::lab
