#include "lab/metrics/measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace redline::lab {
namespace {

double OutputRate(const Timeline& timeline) {
  return timeline.size() == 0 ? 0 : timeline.output_tokens[0] / timeline.bin_s;
}

double TotalRate(const Timeline& timeline) {
  if (timeline.size() == 0) return 0;
  return (timeline.output_tokens[0] + timeline.input_tokens[0]) / timeline.bin_s;
}

// Three decimals are enough for a plot, and keep the file small.
Timeline Rounded(Timeline timeline) {
  for (auto* column :
       {&timeline.output_tokens, &timeline.input_tokens, &timeline.prefill, &timeline.decode}) {
    for (double& value : *column) value = std::round(value * 1e3) / 1e3;
  }
  return timeline;
}

// Mean over the summaries that have it. `weight` is 1 / their number.
void Accumulate(const Distribution& from, double weight, Distribution& into) {
  for (const auto field : {&Distribution::mean, &Distribution::std, &Distribution::p50,
                           &Distribution::p90, &Distribution::p95, &Distribution::p99})
    into.*field += from.*field * weight;
  into.min = into.count == 0 ? from.min : std::min(into.min, from.min);
  into.max = into.count == 0 ? from.max : std::max(into.max, from.max);
  into.count += from.count;
}

// A metric of the measurement is one that every repeat has.
Summary MeanOf(const std::vector<RunResult>& repeats) {
  Summary mean;
  std::map<std::string, size_t> occurrences;
  const double weight = 1.0 / static_cast<double>(repeats.size());
  for (const RunResult& run : repeats) {
    for (const auto& [name, distribution] : run.summary.distributions) {
      Accumulate(distribution, weight, mean.distributions[name]);
      ++occurrences[name];
    }
    for (const auto& [name, value] : run.summary.values) {
      mean.values[name] += value * weight;
      ++occurrences[name];
    }
  }
  for (const auto& [name, count] : occurrences) {
    if (count == repeats.size()) continue;
    mean.distributions.erase(name);
    mean.values.erase(name);
  }
  return mean;
}

}  // namespace

RunResult MakeRunResult(const RunView& run, RunFacts facts) {
  RunResult result;
  result.started_at_ms = facts.started_at_ms;
  result.summary = Summarise(run);
  result.steady_state = FindSteadyState(run.records);
  if (result.steady_state.found) result.steady = SummariseWindow(run, result.steady_state.window);
  result.before_drain = BeforeDrain(run.records);
  if (const double seconds = result.before_drain.seconds(); seconds > 0) {
    const Timeline one = MakeTimeline(run.records, result.before_drain, seconds, 1);
    result.before_drain_output_tps = OutputRate(one);
    result.before_drain_total_tps = TotalRate(one);
  }
  result.outcomes = std::move(facts.outcomes);
  result.health = facts.health;
  result.invalid_reasons = InvalidReasons(result.health);
  result.requests = MakeColumns(run.records);
  result.timeline = Rounded(MakeTimeline(run.records));
  return result;
}

void SummariseRepeats(Measurement& measurement) {
  measurement.invalid_reasons.clear();
  measurement.summary = measurement.repeats.empty() ? Summary() : MeanOf(measurement.repeats);
  if (measurement.repeats.empty())
    measurement.invalid_reasons = {"not_all_sent: stopped before the first run"};
  for (size_t i = 0; i < measurement.repeats.size(); ++i) {
    for (const std::string& reason : measurement.repeats[i].invalid_reasons)
      measurement.invalid_reasons.push_back(fmt::format("repeat {}: {}", i + 1, reason));
  }
  measurement.valid = measurement.invalid_reasons.empty();
}

}  // namespace redline::lab
