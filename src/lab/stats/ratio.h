// The ratio of B's figure to A's, from one value per repeat, with its interval. On logarithms,
// because ratios multiply. Pure functions.
//
// The repeat is the unit of noise: requests of one run share its moment on the machine, so nothing
// computed within a run knows how the next will differ.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace redline::lab {

inline constexpr size_t kLeastRepeats = 3;

struct RatioInterval {
  double ratio = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;
  double spread = 0;   // standard deviation of one pair's log ratio
  double degrees = 0;  // of freedom behind `spread`
  // The least change that these repeats would find four times out of five: 0.05 is 5%.
  double detectable = 0;
  std::string method;
};

// Pairs (a[i], b[i]) that were measured next to each other: what drifts slowly cancels. Up to seven
// pairs: Student's t of the mean. More: the signed-rank interval, which a run that went wrong
// cannot sway. nullopt: fewer than kLeastRepeats pairs, unequal numbers, or a value that is not
// above 0.
std::optional<RatioInterval> PairedRatio(std::span<const double> a, std::span<const double> b,
                                         double confidence);

// All of A measured at one time, all of B at another. Welch's t, with fewer effective repeats than
// there were: neighbouring runs resemble each other (by kAssumedCorrelation, or more where the
// values show more), so drift between the two times would else be taken for a difference.
inline constexpr double kAssumedCorrelation = 0.4;
std::optional<RatioInterval> SequentialRatio(std::span<const double> a, std::span<const double> b,
                                             double confidence);

// Repeats of each that would find `effect` (0.05: 5%) four times out of five, allowing for `spread`
// being known from few repeats only: its upper 98% limit is used. Never so few (8 at 95%, 9
// at 99.5%) that one run gone wrong would spoil them; at most kMostRepeatsAsked.
inline constexpr int64_t kMostRepeatsAsked = 10'000;
int64_t RepeatsNeeded(const RatioInterval& interval, double effect);

}  // namespace redline::lab
