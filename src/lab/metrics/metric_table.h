// Every metric there is: the one list behind the computation, the JSON form, the direction of a
// comparison and docs/metrics.md (a test holds the two together).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "lab/metrics/run_totals.h"
#include "lab/request_record.h"

namespace redline::lab {

enum class Better { kLower, kHigher, kNeither };

struct MetricInfo {
  std::string_view name;
  std::string_view unit;
  Better better = Better::kNeither;
  // Exactly one of the three is meant: a distribution over the requests that were answered well,
  // the distribution of all pauses between events (both null), or one value of the run.
  std::optional<double> (*of_request)(const RequestRecord&) = nullptr;
  std::optional<double> (*of_run)(const RunTotals&) = nullptr;

  bool is_distribution() const { return of_run == nullptr; }
  bool is_pooled_gaps() const { return of_run == nullptr && of_request == nullptr; }
};

std::span<const MetricInfo> MetricTable();
// nullptr: there is none of that name.
const MetricInfo* FindMetric(std::string_view name);

}  // namespace redline::lab
