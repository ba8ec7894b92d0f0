// How far a search is, from what it reports (SearchOptions::progress). Pure function.
#pragma once

#include <cstddef>
#include <string_view>

namespace redline::planner {

// Of the whole time, in [0, 1], by how long each phase takes as a rule: an estimate. 0 for a phase
// that is not known.
double FractionOfPlan(std::string_view phase, size_t done, size_t all);

// What is left of it, if it goes on as it went; negative: too early to say.
double SecondsLeft(double fraction, double seconds_passed);

}  // namespace redline::planner
