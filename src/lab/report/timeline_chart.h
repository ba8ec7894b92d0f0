// A measurement over time: what came out, what was in flight, what failed.
#pragma once

#include <vector>

#include "lab/report/line_chart.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

// Output tokens per second of at most `kMostRepeatsDrawn` repeats; the first one's steady window is
// shaded. Then the first repeat's requests in prefill and in decode, one upon the other; then its
// failures, if it has any. Charts without data are left out.
inline constexpr size_t kMostRepeatsDrawn = 6;
std::vector<LineChart> MakeTimelineCharts(const Measurement& measurement);

}  // namespace redline::lab
