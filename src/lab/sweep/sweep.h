// Walks a server through loads: a ladder of concurrencies to saturation, then, where there is an
// objective, a search for the highest rate that keeps it.
//
// Ladder: 1, 2, 4, ... until two steps in a row gain less than 5% of output throughput. Saturation
// is the least concurrency within 5% of the best throughput; where the last step still gained there
// is none. The knee is where throughput / mean end-to-end time is greatest (Kleinrock's power):
// below it requests wait for nothing, above it they wait more than they gain.
// Rate: doubled from what the ladder says is a tenth of the capacity until it no longer holds, then
// halved in between until the bracket is within `precision`. A rate holds when nothing failed,
// every objective is met and the server kept up (keeping_up.h). A point that is INVALID says
// neither: it is measured again, up to twice, and ends the search when it stays so.
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
  int most_attempts = 3;  // at a point that is INVALID
};

struct SweepPoint {
  std::string name;         // "concurrency-8", "rate-12.5"
  int64_t concurrency = 0;  // 0: an open loop
  double rate = 0;          // requests per second; 0: a closed loop
  int attempt = 1;          // above 1: it was INVALID before
  Measurement measurement;
  bool holds = true;   // of a rate
  std::string reason;  // why it does not hold: "ttft_ms.p99 31.2 > 20", "INVALID: client_busy: ..."
};

struct SweepResult {
  std::vector<SweepPoint> points;  // in the order of their measuring
  std::vector<Objective> objectives;
  std::optional<int64_t> saturation_concurrency;  // absent: throughput grew up to the ladder's end
  int64_t knee_concurrency = 0;
  double best_output_tps = 0;
  std::optional<double> max_rate;  // that holds; absent: none did, or none was looked for
  std::string rate_note;           // why the search for it ended early; empty: it did not
  bool is_complete = true;         // false: stopped before its end
};

// Measures one point, or reads it from where it was kept (the first attempt). kCancelled ends the
// sweep.
using MeasurePoint = std::function<Result<Measurement>(const SweepPoint& point)>;

// kUnavailable: a point of the ladder had no answer at all; the message has the outcomes.
Result<SweepResult> RunSweep(const std::vector<Objective>& objectives, const SweepLimits& limits,
                             const MeasurePoint& measure);

// Of the requests of a point's attempt: prompts that no other point of the sweep has sent, which a
// prefix cache would answer. Below 2^40; the same in a sweep that goes on.
uint64_t SeedOf(const SweepPoint& point, uint64_t seed_of_sweep);

// False: every request failed, so that the point says nothing.
bool WasAnswered(const Measurement& measurement);

// What was found, one sentence each, for people.
std::vector<std::string> Findings(const SweepResult& result);

// Compact JSON without the measurements themselves.
std::string ToJson(const SweepResult& result);

}  // namespace redline::lab
