#include "lab/load/merge_stats.h"

#include <algorithm>
#include <numeric>

namespace redline::lab {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

SecondTotals& SecondOf(LoadResult& result, int64_t time_ns) {
  const auto second = static_cast<size_t>(std::max<int64_t>(time_ns, 0) / kSecondNs);
  if (second >= result.seconds.size()) result.seconds.resize(second + 1);
  return result.seconds[second];
}

// Tokens that usage tells of beyond the events that were seen, spread over the time of the output.
void SpreadTokens(const RequestRecord& record, LoadResult& result) {
  const int32_t missing = record.usage_output - record.num_events;
  if (missing <= 0 || record.first_token_ns < 0) return;
  const int64_t first = record.first_token_ns / kSecondNs;
  const int64_t last = record.last_token_ns / kSecondNs;
  const double share = static_cast<double>(missing) / static_cast<double>(last - first + 1);
  for (int64_t second = first; second <= last; ++second)
    SecondOf(result, second * kSecondNs).output_tokens += share;
}

void FillSeconds(LoadResult& result) {
  for (const RequestRecord& record : result.records) {
    SpreadTokens(record, result);
    if (record.end_ns < 0) continue;
    ++SecondOf(result, record.end_ns).finished;
    if (record.sent_ns < 0) continue;
    ++SecondOf(result, record.sent_ns).in_flight;
    --SecondOf(result, record.end_ns).in_flight;
  }
  int64_t in_flight = 0;
  for (SecondTotals& second : result.seconds) {
    in_flight += second.in_flight;
    second.in_flight = in_flight;
  }
}

}  // namespace

void AddTo(const ThreadStats& stats, LoadProgress& progress) {
  progress.sent += stats.num_sent;
  progress.finished += stats.num_finished;
  progress.output_events += stats.num_output_events;
  progress.in_flight += stats.num_in_flight;
  for (size_t kind = 0; kind < stats.outcomes.size(); ++kind)
    progress.outcomes[kind] += stats.outcomes[kind];
  progress.ttft_ns.Merge(stats.ttft_ns);
  progress.gaps_ns.Merge(stats.gaps_ns);
  progress.e2e_ns.Merge(stats.e2e_ns);
}

void MergeStats(std::span<ThreadStats* const> threads, LoadResult& result) {
  ClientHealth& health = result.health;
  for (const ThreadStats* stats : threads) {
    result.ttft_ns.Merge(stats->ttft_ns);
    result.gaps_ns.Merge(stats->gaps_ns);
    result.e2e_ns.Merge(stats->e2e_ns);
    health.schedule_lag_ns.Merge(stats->schedule_lag_ns);
    health.read_delay_ns.Merge(stats->read_delay_ns);
    health.threads.push_back(stats->health);
    health.cpu_s += stats->health.cpu_s;
    for (size_t kind = 0; kind < stats->outcomes.size(); ++kind) {
      result.outcomes[kind] += stats->outcomes[kind];
      if (result.first_errors[kind].empty()) result.first_errors[kind] = stats->first_errors[kind];
    }
    for (size_t second = 0; second < stats->output_events.size(); ++second)
      SecondOf(result, static_cast<int64_t>(second) * kSecondNs).output_tokens +=
          static_cast<double>(stats->output_events[second]);
  }
  const uint64_t num_finished =
      std::accumulate(result.outcomes.begin(), result.outcomes.end(), uint64_t{0});
  result.outcomes[static_cast<size_t>(Outcome::kNotSent)] = result.records.size() - num_finished;
  int64_t end_ns = 0;
  for (const RequestRecord& record : result.records) end_ns = std::max(end_ns, record.end_ns);
  health.wall_s = static_cast<double>(end_ns) * 1e-9;
  FillSeconds(result);
}

}  // namespace redline::lab
