// Which figures a report puts first, and how a figure of a measurement is said. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/report/named_measurement.h"

namespace redline::lab {

struct KeyFigure {
  std::string_view figure;  // as FigureOf() and Measurement::intervals know it
  std::string_view title;   // short, for people
  std::string_view unit;
};
// Most telling first. A measurement need not have them all.
std::span<const KeyFigure> KeyFigures();

// The key figures that at least one of the measurements has.
std::vector<KeyFigure> PresentFigures(NamedMeasurements measurements);

// "12,345", a share as "1.5%", "-" when the summary does not have it.
std::string FigureText(const Summary& summary, std::string_view figure);
// nullptr when it was not found. A bare distribution's name and its ".mean" are the same figure.
const Interval* FindInterval(const Measurement& measurement, std::string_view figure);
// "12.1 – 13", or "" when it was not found.
std::string IntervalText(const Measurement& measurement, std::string_view figure);
// "95% intervals by ..." of the measurement's first interval; "" when there is none.
std::string IntervalMethod(const Measurement& measurement);

// Added up over the repeats, by kind; each with its first sample.
std::vector<OutcomeCount> TotalOutcomes(const Measurement& measurement);
// "smollm2, workload sharegpt, 3 repeats of 1,000 requests", with what is known of it.
std::string Headline(const Measurement& measurement);

}  // namespace redline::lab
