// Quantiles of the distributions that intervals are made of. Pure functions. Arguments outside
// their domain are brought into it: `probability` into (0, 1), `degrees` to at least 1.
#pragma once

#include <cstdint>

namespace redline::lab {

double NormalQuantile(double probability);
double StudentQuantile(double probability, double degrees);
double ChiSquaredQuantile(double probability, double degrees);
// P(Binomial(trials, chance) <= successes).
double BinomialCdf(int64_t successes, int64_t trials, double chance);

}  // namespace redline::lab
