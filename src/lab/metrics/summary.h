// The metrics of a run, or of a window of it. Pure functions; one pass over the records per metric,
// memory of one column of numbers at a time.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "lab/histogram.h"
#include "lab/metrics/distribution.h"
#include "lab/metrics/metric_table.h"
#include "lab/metrics/timeline.h"
#include "spec/workload_spec.h"

namespace redline::lab {

// Values by the names of MetricTable(). A metric that a run does not have is absent.
struct Summary {
  std::map<std::string, Distribution> distributions;
  std::map<std::string, double> values;
};

// A run as it was seen. Nothing is owned.
struct RunView {
  std::span<const RequestRecord> records;
  const Histogram* gaps_ns = nullptr;  // pauses between events with output, all requests together
  std::span<const spec::SloClass> slo_classes;
  double price_per_hour = 0;  // 0: not told
  double energy_joules = 0;   // 0: no sensor
};

Summary Summarise(const RunView& run);
// Requests that ended in `window`, and what was made in it. Has no itl_ms: pauses are pooled over
// the whole run.
Summary SummariseWindow(const RunView& run, TimeSpan window);

// Whether a request met every objective of its class; classes out of range have none.
bool MeetsObjectives(const RequestRecord& record, std::span<const spec::SloClass> classes);

// One figure: "ttft_ms.p99", "output_tps"; a distribution's bare name means its mean.
std::optional<double> FigureOf(const Summary& summary, std::string_view figure);
// kInvalidArgument: no run has a figure of that name; the message tells the nearest.
Status CheckFigure(std::string_view figure);

}  // namespace redline::lab
