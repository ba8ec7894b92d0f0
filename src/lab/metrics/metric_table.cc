#include "lab/metrics/metric_table.h"

#include "lab/metrics/request_metrics.h"

namespace redline::lab {
namespace {

using Value = std::optional<double>;

Value Ratio(double numerator, double denominator) {
  if (denominator <= 0) return std::nullopt;
  return numerator / denominator;
}

Value Known(double value) { return value > 0 ? Value(value) : std::nullopt; }

Value Duration(const RunTotals& run) { return run.duration_s; }
Value Requests(const RunTotals& run) { return static_cast<double>(run.num_ok); }
Value RequestRate(const RunTotals& run) {
  return Ratio(static_cast<double>(run.num_ok), run.duration_s);
}
Value InputTps(const RunTotals& run) { return Ratio(run.input_tokens, run.duration_s); }
Value OutputTps(const RunTotals& run) { return Ratio(run.output_tokens, run.duration_s); }
Value TotalTps(const RunTotals& run) {
  return Ratio(run.input_tokens + run.output_tokens, run.duration_s);
}
Value PeakOutputTps(const RunTotals& run) { return Known(run.peak_output_tps); }
Value MeanInFlight(const RunTotals& run) { return Ratio(run.in_flight_seconds, run.duration_s); }
Value PeakInFlight(const RunTotals& run) { return run.peak_in_flight; }
Value ErrorShare(const RunTotals& run) {
  return Ratio(static_cast<double>(run.num_failed), static_cast<double>(run.num_sent));
}
Value Goodput(const RunTotals& run) {
  if (!run.has_objectives) return std::nullopt;
  return Ratio(static_cast<double>(run.num_good), run.duration_s);
}
Value GoodShare(const RunTotals& run) {
  if (!run.has_objectives) return std::nullopt;
  return Ratio(static_cast<double>(run.num_good), static_cast<double>(run.num_sent));
}
// Jain's index: 1 when all waited alike, 1 / n when one alone waited.
Value TtftFairness(const RunTotals& run) {
  return Ratio(run.ttft_ms * run.ttft_ms, static_cast<double>(run.num_ttft) * run.ttft_square_ms2);
}
// price / 3600 * duration is what the run cost.
Value CostPerMillion(const RunTotals& run, double tokens) {
  if (run.price_per_hour <= 0) return std::nullopt;
  return Ratio(run.price_per_hour / 3600 * run.duration_s * 1e6, tokens);
}
Value CostPerMillionOutput(const RunTotals& run) { return CostPerMillion(run, run.output_tokens); }
Value CostPerMillionTotal(const RunTotals& run) {
  return CostPerMillion(run, run.input_tokens + run.output_tokens);
}
Value TokensPerJoule(const RunTotals& run) { return Ratio(run.output_tokens, run.energy_joules); }

constexpr MetricInfo kMetrics[] = {
    {"ttft_ms", "ms", Better::kLower, TtftMs},
    {"ttft_from_intended_ms", "ms", Better::kLower, TtftFromIntendedMs},
    {"tpot_ms", "ms", Better::kLower, TpotMs},
    {"tpot_guidellm_ms", "ms", Better::kLower, TpotGuidellmMs},
    {"ntpot_ms", "ms", Better::kLower, NtpotMs},
    {"itl_ms", "ms", Better::kLower},
    {"max_gap_ms", "ms", Better::kLower, MaxGapMs},
    {"e2e_ms", "ms", Better::kLower, E2eMs},
    {"e2e_from_intended_ms", "ms", Better::kLower, E2eFromIntendedMs},
    {"queue_ms", "ms", Better::kLower, QueueMs},
    {"head_ms", "ms", Better::kLower, HeadMs},
    {"interactivity_tps", "tokens/s", Better::kHigher, InteractivityTps},
    {"tokens_per_event", "tokens", Better::kNeither, TokensPerEvent},
    {"input_tokens", "tokens", Better::kNeither, InputTokensOf},
    {"output_tokens", "tokens", Better::kNeither, OutputTokensOf},
    {"cached_tokens", "tokens", Better::kNeither, CachedTokensOf},
    {"duration_s", "s", Better::kNeither, nullptr, Duration},
    {"requests", "requests", Better::kNeither, nullptr, Requests},
    {"request_rate", "requests/s", Better::kHigher, nullptr, RequestRate},
    {"input_tps", "tokens/s", Better::kHigher, nullptr, InputTps},
    {"output_tps", "tokens/s", Better::kHigher, nullptr, OutputTps},
    {"total_tps", "tokens/s", Better::kHigher, nullptr, TotalTps},
    {"peak_output_tps", "tokens/s", Better::kHigher, nullptr, PeakOutputTps},
    {"mean_in_flight", "requests", Better::kNeither, nullptr, MeanInFlight},
    {"peak_in_flight", "requests", Better::kNeither, nullptr, PeakInFlight},
    {"error_share", "share", Better::kLower, nullptr, ErrorShare},
    {"goodput", "requests/s", Better::kHigher, nullptr, Goodput},
    {"good_share", "share", Better::kHigher, nullptr, GoodShare},
    {"ttft_fairness", "share", Better::kHigher, nullptr, TtftFairness},
    {"cost_per_million_output_tokens", "currency", Better::kLower, nullptr, CostPerMillionOutput},
    {"cost_per_million_tokens", "currency", Better::kLower, nullptr, CostPerMillionTotal},
    {"output_tokens_per_joule", "tokens/J", Better::kHigher, nullptr, TokensPerJoule},
};

}  // namespace

std::span<const MetricInfo> MetricTable() { return kMetrics; }

const MetricInfo* FindMetric(std::string_view name) {
  for (const MetricInfo& metric : kMetrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

}  // namespace redline::lab
