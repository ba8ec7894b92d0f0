#include "lab/report/workload_bars.h"

#include <algorithm>

#include "lab/report/configurations.h"

namespace redline::lab {
namespace {

BarGroup& GroupOf(const std::string& workload, std::vector<BarGroup>& groups) {
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const BarGroup& group) { return group.name == workload; });
  return found != groups.end() ? *found : groups.emplace_back(BarGroup{.name = workload});
}

}  // namespace

BarChart MakeWorkloadBars(NamedMeasurements measurements, const KeyFigure& figure) {
  BarChart chart{.title = std::string(figure.title),
                 .description = "One bar for each measurement, in groups by workload.",
                 .x_label = std::string(figure.unit)};
  const std::vector<size_t> configurations = ConfigurationsOf(measurements);
  for (size_t i = 0; i < measurements.size(); ++i) {
    const Measurement& measurement = measurements[i].measurement;
    const auto value = FigureOf(measurement.summary, figure.figure);
    if (!value) continue;
    Bar bar{.name = measurements[i].name, .style = configurations[i], .value = *value};
    if (const Interval* interval = FindInterval(measurement, figure.figure))
      bar.interval = Range{interval->low, interval->high};
    GroupOf(measurement.workload_name, chart.groups).bars.push_back(std::move(bar));
  }
  return chart;
}

}  // namespace redline::lab
