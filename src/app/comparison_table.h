// Verdicts for the terminal, as `redline compare` and `redline bench --against` print them.
#pragma once

#include <string>

#include "lab/stats/comparison.h"

namespace redline::app {

// One row per figure, then the notes.
std::string ComparisonTable(const lab::Comparison& comparison);
// "+3.2%"; "-": it is no number.
std::string ChangeText(double ratio);

}  // namespace redline::app
