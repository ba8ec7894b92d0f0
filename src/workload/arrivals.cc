#include "workload/arrivals.h"

#include <algorithm>
#include <cmath>

#include "workload/random.h"

namespace redline::workload {
namespace {

using Process = spec::ArrivalSpec::Process;

// Random arrivals at rate 1, the last at `count`. `shape` is vLLM's burstiness: 1 is Poisson.
std::vector<double> UnitRateTimes(double shape, size_t count, uint64_t seed) {
  std::vector<double> times(count);
  double now = 0;
  for (size_t index = 0; index < count; ++index) {
    RandomStream random(seed, Stream::kArrival, index);
    now += shape == 1 ? random.Exponential() : random.Gamma(shape);
    times[index] = now;
  }
  // Gaps so small that none is seen come all at once.
  const double scale = now > 0 ? static_cast<double>(count) / now : 0;
  for (double& time : times) time *= scale;
  return times;
}

// When a rate that goes from `rate` to `rate_end` over the whole run has let `arrivals` of `count`
// through: the inverse of its integral, in the form that does not cancel.
double RampTime(const spec::ArrivalSpec& spec, double arrivals, double count) {
  const double seconds = 2 * count / (spec.rate + spec.rate_end);
  const double slope = (spec.rate_end - spec.rate) / seconds;
  const double root = std::sqrt(std::max(0.0, spec.rate * spec.rate + 2 * slope * arrivals));
  return 2 * arrivals / (spec.rate + root);
}

// The same for a rate that is constant for each step; the last goes on.
double StepTime(const spec::ArrivalSpec& spec, double arrivals) {
  double begin = 0;
  size_t step = 0;
  for (; step + 1 < spec.rates.size(); ++step) {
    const double in_step = spec.rates[step] * spec.step_seconds;
    if (arrivals <= in_step) break;
    arrivals -= in_step;
    begin += spec.step_seconds;
  }
  return begin + arrivals / spec.rates[step];
}

std::vector<double> ConstantTimes(double rate, size_t count) {
  std::vector<double> times(count);
  for (size_t index = 0; index < count; ++index) times[index] = static_cast<double>(index) / rate;
  return times;
}

}  // namespace

std::vector<double> ArrivalTimes(const spec::ArrivalSpec& spec, size_t count, uint64_t seed) {
  if (spec.process == Process::kClosed || spec.process == Process::kTrace) return {};
  if (spec.process == Process::kBurst) return std::vector<double>(count, 0.0);
  if (spec.process == Process::kConstant) return ConstantTimes(spec.rate, count);
  const double shape = spec.process == Process::kGamma ? spec.burstiness : 1;
  std::vector<double> times = UnitRateTimes(shape, count, seed);
  for (double& time : times) {
    if (spec.process == Process::kRamp) {
      time = RampTime(spec, time, static_cast<double>(count));
    } else if (spec.process == Process::kSteps) {
      time = StepTime(spec, time);
    } else {
      time /= spec.rate;
    }
  }
  return times;
}

}  // namespace redline::workload
