// Measurement: the result document of `redline bench`, one per configuration and workload, with all
// its repeats. Plain data; ToJson and MeasurementFromJson are its file form.
//
// The document's top level has each metric by its name (docs/metrics.md): distributions as objects
// with mean, p50, p90, p99 and more, values as numbers; besides them the fields below.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "lab/metrics/request_columns.h"
#include "lab/metrics/steady_state.h"
#include "lab/metrics/summary.h"
#include "lab/metrics/timeline.h"
#include "lab/metrics/validity.h"

namespace redline::lab {

inline constexpr int64_t kMeasurementVersion = 1;

struct OutcomeCount {
  std::string outcome;  // NameOf(Outcome)
  int64_t count = 0;
  std::string sample;  // one message, or empty
};

// An interval of a figure; `method` says how it was found (stats/).
struct Interval {
  double low = 0;
  double high = 0;
  double confidence = 0;
  std::string method;
};

struct RunResult {
  int64_t started_at_ms = 0;  // Unix milliseconds
  Summary summary;            // the whole run
  SteadyState steady_state;
  Summary steady;  // of the steady window; empty when none was found
  TimeSpan before_drain;
  double before_drain_output_tps = 0;
  double before_drain_total_tps = 0;
  std::vector<OutcomeCount> outcomes;
  LoadHealth health;
  std::vector<std::string> invalid_reasons;
  RequestColumns requests;
  Timeline timeline;
};

struct Measurement {
  std::string tool = "redline";  // "vllm", "sglang", ... when imported
  std::string tool_version;
  std::string command_line;
  int64_t started_at_ms = 0;
  std::string target;  // URL
  std::string model;
  std::string api;  // "chat", "completions", "generate"
  std::string workload_name;
  std::string workload;  // the WorkloadSpec as JSON text, "" when not known
  int64_t seed = 0;
  std::string dataset_hash;
  std::map<std::string, std::string> environment;
  std::vector<RunResult> repeats;

  // Over the repeats: the mean of each figure, the least min, the greatest max, the sum of counts.
  Summary summary;
  std::map<std::string, Interval> intervals;  // of figures: "output_tps", "ttft_ms.p99"
  bool valid = true;
  std::vector<std::string> invalid_reasons;
  std::vector<std::string> notes;  // what a reader should know of an import
};

// One run's part of the document.
struct RunFacts {
  int64_t started_at_ms = 0;
  std::vector<OutcomeCount> outcomes;
  LoadHealth health;
};
RunResult MakeRunResult(const RunView& run, RunFacts facts);

// Fills `summary`, `valid` and `invalid_reasons` from the repeats.
void SummariseRepeats(Measurement& measurement);

// Compact JSON.
std::string ToJson(const Measurement& measurement);
// Unknown keys are ignored (a later version may have more); a wrong type, another schema, columns
// of unequal length, more than kMostRowsRead rows or bins in a repeat, bins without a width or more
// than kMostRepeats repeats are kInvalidArgument naming the field.
inline constexpr size_t kMostRepeats = 10'000;
inline constexpr size_t kMostRowsRead = 8'192;
Result<Measurement> MeasurementFromJson(std::string_view text);

}  // namespace redline::lab
