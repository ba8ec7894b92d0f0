#include "lab/sweep/keeping_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "lab/metrics/distribution.h"

namespace redline::lab {
namespace {

constexpr double kFrom = 0.25, kTo = 0.95;
constexpr double kMostExcess = 0.05;
constexpr double kNoise = 2 * 1.41 * 0.76;

struct Spans {
  double num_requests = 0;
  double sends_ms = 0;
  double ends_ms = 0;
  double sigma_ms = 0;
  double noise_ms2 = 0;  // squares add up over runs
};

double SpanOfMiddle(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return QuantileOfSorted(times, kTo) - QuantileOfSorted(times, kFrom);
}

// How much the times of requests sent one after the other differ: without what a backlog adds.
double Sigma(const RequestColumns& requests) {
  std::vector<std::pair<double, double>> sent_and_took;
  for (size_t i = 0; i < requests.size(); ++i)
    sent_and_took.emplace_back(requests.start_ms[i], requests.end_ms[i] - requests.start_ms[i]);
  std::sort(sent_and_took.begin(), sent_and_took.end());
  double squares = 0;
  for (size_t i = 1; i < sent_and_took.size(); ++i)
    squares += std::pow(sent_and_took[i].second - sent_and_took[i - 1].second, 2);
  return std::sqrt(squares / 2 / static_cast<double>(sent_and_took.size() - 1));
}

void AddRun(const RequestColumns& requests, Spans& spans) {
  if (requests.size() < 2) return;
  const double num_requests = static_cast<double>(requests.size()) * (kTo - kFrom);
  const double sends_ms = SpanOfMiddle(requests.start_ms);
  const double sigma_ms = Sigma(requests);
  spans.num_requests += num_requests;
  spans.sends_ms += sends_ms;
  spans.ends_ms += SpanOfMiddle(requests.end_ms);
  spans.sigma_ms += sigma_ms;
  spans.noise_ms2 += kNoise * kNoise * sigma_ms * sends_ms / num_requests;
}

}  // namespace

std::optional<std::string> FellBehind(const Measurement& measurement) {
  Spans spans;
  for (const RunResult& run : measurement.repeats) AddRun(run.requests, spans);
  const double allowed_ms =
      kMostExcess * spans.sends_ms + spans.sigma_ms + std::sqrt(spans.noise_ms2);
  if (spans.ends_ms - spans.sends_ms <= allowed_ms) return std::nullopt;
  const auto rate_over = [&](double ms) { return spans.num_requests / ms * 1e3; };
  return fmt::format("fell behind: sent at {:.3g}/s, answered at {:.3g}/s",
                     rate_over(spans.sends_ms), rate_over(spans.ends_ms));
}

}  // namespace redline::lab
