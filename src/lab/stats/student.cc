#include "lab/stats/student.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace redline::lab {
namespace {

double Inside(double probability) { return std::clamp(probability, 1e-12, 1 - 1e-12); }

}  // namespace

double NormalQuantile(double probability) {
  return boost::math::quantile(boost::math::normal(), Inside(probability));
}

double StudentQuantile(double probability, double degrees) {
  return boost::math::quantile(boost::math::students_t(std::max(degrees, 1.0)),
                               Inside(probability));
}

double ChiSquaredQuantile(double probability, double degrees) {
  return boost::math::quantile(boost::math::chi_squared(std::max(degrees, 1.0)),
                               Inside(probability));
}

double BinomialCdf(int64_t successes, int64_t trials, double chance) {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  const boost::math::binomial distribution(static_cast<double>(trials),
                                           std::clamp(chance, 0.0, 1.0));
  return boost::math::cdf(distribution, static_cast<double>(successes));
}

}  // namespace redline::lab
