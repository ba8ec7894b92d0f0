// A measurement and what a report calls it: short, and unlike every other name of the report.
#pragma once

#include <span>
#include <string>

#include "lab/metrics/measurement.h"

namespace redline::lab {

struct NamedMeasurement {
  std::string name;
  Measurement measurement;
};

using NamedMeasurements = std::span<const NamedMeasurement>;

}  // namespace redline::lab
