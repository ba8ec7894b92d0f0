#pragma once

#include "lab/report/markup.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

// All of one measurement: timeline, metrics, runs, outcomes, notes, command, workload, environment.
void DrawMeasurement(const NamedMeasurement& named, Markup& markup);

}  // namespace redline::lab
