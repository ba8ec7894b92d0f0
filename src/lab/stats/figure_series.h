// A figure's values within each run, in time order, where a result has them: the raw material of
// intervals that are made without repeats. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/metrics/measurement.h"
#include "lab/stats/block_bootstrap.h"

namespace redline::lab {

struct FigureSeries {
  std::vector<std::vector<double>> runs;  // one series for each repeat
  Statistic statistic;                    // makes the figure of the values
};

// For ttft_ms, tpot_ms, e2e_ms and their statistics the values of the requests; for output_tps,
// total_tps and request_rate those of the timeline's bins. nullopt: another figure, a result
// without such data or with fewer than 8 bins in all repeats, or one with more than 65,536 values.
std::optional<FigureSeries> SeriesOf(const Measurement& measurement, std::string_view figure);

// The figure of each repeat that has it.
std::vector<double> ValuesOfRepeats(const Measurement& measurement, std::string_view figure);

}  // namespace redline::lab
