// How far a tail percentile can be trusted after so many requests: MLPerf LoadGen's early-stopping
// rule. Of n independent requests t were over a bound; with confidence c no more than a share 1 - p
// of all requests are, when P(Binomial(n, 1 - p) <= t) <= 1 - c. At least one is allowed over.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace redline::lab {

inline constexpr double kTailConfidence = 0.99;

// The most that may be over the bound among `num_requests`; nullopt: there are too few of them to
// say anything of this percentile. `percentile` and `confidence` in (0, 1).
std::optional<int64_t> AllowedOver(int64_t num_requests, double percentile,
                                   double confidence = kTailConfidence);

// The fewest requests that say something: 64 for p90, 662 for p99.
int64_t RequestsNeeded(double percentile, double confidence = kTailConfidence);

// A value that the percentile is below, with that confidence.
std::optional<double> TailBound(std::vector<double> values, double percentile,
                                double confidence = kTailConfidence);

}  // namespace redline::lab
