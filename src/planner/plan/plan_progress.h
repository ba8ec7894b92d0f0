// How far a search is and how long it will take, from what it reports (SearchOptions::progress).
// An estimate. One thread; no clock of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redline::planner {

class PlanProgress {
 public:
  // `seconds`: since the begin, never less than in the call before.
  void Update(std::string_view phase, size_t done, size_t all, double seconds);

  // Of the time that the whole takes, in [0, 1]; never less than before.
  double fraction() const { return fraction_; }
  // Negative: too early to say.
  double seconds_left() const { return seconds_left_; }

 private:
  std::string phase_;
  double phase_begin_s_ = 0;
  double fraction_ = 0;
  double seconds_left_ = -1;
};

}  // namespace redline::planner
