// From a good configuration to a better one, one flag at a time, through the values that the full
// product leaves out.
#pragma once

#include <vector>

#include "planner/search/evaluator.h"

namespace redline::planner {

// Climbs from the best of `ranking` (sorted) and from the best of another layout; returns what was
// simulated on the way and is not in `ranking`.
std::vector<Outcome> Refine(const Evaluator& evaluator, size_t workload,
                            const std::vector<Outcome>& ranking);

}  // namespace redline::planner
