// Which measurements of a report are of one configuration, under whatever load.
#pragma once

#include <vector>

#include "lab/report/named_measurement.h"

namespace redline::lab {

// For each measurement the number of its configuration, from 0 in the order of their first. Alike
// are tool, model, target, API and what the environment says of the engine.
std::vector<size_t> ConfigurationsOf(NamedMeasurements measurements);

}  // namespace redline::lab
