// In what the measurements of a report differ besides their results: environment, workload, target.
#pragma once

#include <string>
#include <vector>

#include "lab/report/named_measurement.h"

namespace redline::lab {

struct Difference {
  std::string field;                // "model", "environment.cpu", "workload.concurrency"
  std::vector<std::string> values;  // one per measurement; "-": it has no such field
};

// In the order of their names, without those that all have alike. None for one measurement.
std::vector<Difference> FindDifferences(NamedMeasurements measurements);

}  // namespace redline::lab
