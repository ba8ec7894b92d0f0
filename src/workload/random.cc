#include "workload/random.h"

#include <cmath>

namespace redline::workload {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio

double Tail(double q) {
  return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
            2.549732539343734e+00) *
               q +
           4.374664141464968e+00) *
              q +
          2.938163982698783e+00) /
         ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
           3.754408661907416e+00) *
              q +
          1);
}

double Centre(double q) {
  const double r = q * q;
  return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
            1.383577518672690e+02) *
               r -
           3.066479806614716e+01) *
              r +
          2.506628277459239e+00) *
         q /
         (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
            6.680131188771972e+01) *
               r -
           1.328068155288572e+01) *
              r +
          1);
}

}  // namespace

uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

uint64_t KeyOf(uint64_t seed, Stream stream, uint64_t index) {
  const uint64_t use = Mix(seed + kGolden) + kGolden * static_cast<uint64_t>(stream);
  return Mix(Mix(use) + kGolden * (index + 1));
}

uint64_t RandomStream::Next() {
  state_ += kGolden;
  return Mix(state_);
}

double RandomStream::Uniform() {
  constexpr double kStep = 1.0 / (uint64_t{1} << 53);
  return (static_cast<double>(Next() >> 11) + 0.5) * kStep;
}

double RandomStream::Exponential() { return -std::log(Uniform()); }

double RandomStream::Normal() { return InverseNormalCdf(Uniform()); }

double RandomStream::Gamma(double shape) {
  // Below 1 by the next shape: G(a) = G(a + 1) * U^(1/a).
  if (shape < 1) return Gamma(shape + 1) * std::pow(Uniform(), 1 / shape);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal();
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double InverseNormalCdf(double probability) {
  constexpr double kTail = 0.02425;
  if (probability < kTail) return Tail(std::sqrt(-2 * std::log(probability)));
  if (probability > 1 - kTail) return -Tail(std::sqrt(-2 * std::log(1 - probability)));
  return Centre(probability - 0.5);
}

}  // namespace redline::workload
