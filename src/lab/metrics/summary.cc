#include "lab/metrics/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "lab/metrics/request_metrics.h"

namespace redline::lab {
namespace {

bool Within(double limit_ms, std::optional<double> value) {
  return limit_ms <= 0 || (value && *value <= limit_ms);
}

bool HasObjectives(std::span<const spec::SloClass> classes) {
  return std::any_of(classes.begin(), classes.end(), [](const spec::SloClass& slo) {
    return slo.ttft_ms > 0 || slo.tpot_ms > 0 || slo.e2e_ms > 0;
  });
}

// Which requests a summary counts.
struct Scope {
  TimeSpan window;
  bool whole_run = true;

  bool Ended(const RequestRecord& record) const {
    const double end_s = static_cast<double>(record.end_ns) / 1e9;
    return whole_run || (end_s >= window.begin_s && end_s < window.end_s);
  }
};

void CountRequests(const RunView& run, const Scope& scope, RunTotals& totals) {
  for (const RequestRecord& record : run.records) {
    if (record.sent_ns < 0 || !scope.Ended(record)) continue;
    ++totals.num_sent;
    if (record.ok()) ++totals.num_ok;
    if (const auto ttft = TtftMs(record); record.ok() && ttft) {
      ++totals.num_ttft;
      totals.ttft_ms += *ttft;
      totals.ttft_square_ms2 += *ttft * *ttft;
    }
    if (!record.ok() && record.outcome != Outcome::kAborted) ++totals.num_failed;
    if (totals.has_objectives && MeetsObjectives(record, run.slo_classes)) ++totals.num_good;
  }
}

// Over the whole run tokens are counted exactly; in a window as the timeline lays them.
void CountTokens(const RunView& run, RunTotals& totals) {
  for (const RequestRecord& record : run.records) {
    if (!record.ok()) continue;
    totals.input_tokens += record.InputTokens();
    totals.output_tokens += record.OutputTokens();
  }
}

void CountWindow(const RunView& run, TimeSpan window, RunTotals& totals) {
  const Timeline timeline = MakeTimeline(run.records, window, window.seconds(), 1);
  if (timeline.size() == 0) return;
  totals.input_tokens = timeline.input_tokens[0];
  totals.output_tokens = timeline.output_tokens[0];
  totals.in_flight_seconds = timeline.InFlight(0) * window.seconds();
}

double SecondsInFlight(std::span<const RequestRecord> records) {
  double seconds = 0;
  for (const RequestRecord& record : records) {
    if (record.sent_ns < 0) continue;
    seconds += static_cast<double>(std::max(record.end_ns, record.sent_ns) - record.sent_ns) / 1e9;
  }
  return seconds;
}

constexpr size_t kMostSeconds = 100'000;

// The best full second; the last one, cut short by the end, does not count.
double PeakOutputTps(std::span<const RequestRecord> records, TimeSpan span) {
  const Timeline seconds = MakeTimeline(records, span, 1.0, kMostSeconds);
  const auto full = static_cast<size_t>(std::max(0.0, std::floor(span.seconds())));
  const auto end =
      seconds.output_tokens.begin() + static_cast<std::ptrdiff_t>(std::min(full, seconds.size()));
  const auto best = std::max_element(seconds.output_tokens.begin(), end);
  return best == end ? 0 : *best;
}

RunTotals TotalsOf(const RunView& run, TimeSpan span, const Scope& scope) {
  RunTotals totals{.duration_s = span.seconds(),
                   .has_objectives = HasObjectives(run.slo_classes),
                   .peak_in_flight = PeakInFlight(run.records),
                   .peak_output_tps = PeakOutputTps(run.records, span),
                   .price_per_hour = run.price_per_hour};
  CountRequests(run, scope, totals);
  if (scope.whole_run) {
    CountTokens(run, totals);
    totals.in_flight_seconds = SecondsInFlight(run.records);
    totals.energy_joules = run.energy_joules;
  } else {
    CountWindow(run, span, totals);
  }
  return totals;
}

Distribution DescribeRequests(const RunView& run, const Scope& scope, const MetricInfo& metric) {
  std::vector<double> values;
  for (const RequestRecord& record : run.records) {
    if (!record.ok() || !scope.Ended(record)) continue;
    if (const auto value = metric.of_request(record)) values.push_back(*value);
  }
  return Describe(std::move(values));
}

Summary SummariseScope(const RunView& run, TimeSpan span, const Scope& scope) {
  Summary summary;
  const RunTotals totals = TotalsOf(run, span, scope);
  for (const MetricInfo& metric : MetricTable()) {
    const std::string name(metric.name);
    if (metric.is_pooled_gaps()) {
      if (scope.whole_run && run.gaps_ns != nullptr && !run.gaps_ns->empty())
        summary.distributions[name] = Describe(*run.gaps_ns, 1e-6);
    } else if (metric.is_distribution()) {
      const Distribution distribution = DescribeRequests(run, scope, metric);
      if (distribution.count > 0) summary.distributions[name] = distribution;
    } else if (const auto value = metric.of_run(totals)) {
      summary.values[name] = *value;
    }
  }
  return summary;
}

constexpr std::pair<std::string_view, double Distribution::*> kStatistics[] = {
    {"mean", &Distribution::mean}, {"p50", &Distribution::p50}, {"p90", &Distribution::p90},
    {"p95", &Distribution::p95},   {"p99", &Distribution::p99}, {"max", &Distribution::max}};

// nullptr: there is none of that name.
double Distribution::*StatisticOf(std::string_view name) {
  for (const auto& [known, statistic] : kStatistics) {
    if (known == name) return statistic;
  }
  return nullptr;
}

std::vector<std::string> FigureNames() {
  std::vector<std::string> names;
  for (const MetricInfo& metric : MetricTable()) {
    names.emplace_back(metric.name);
    if (!metric.is_distribution()) continue;
    for (const auto& [statistic, member] : kStatistics)
      names.push_back(fmt::format("{}.{}", metric.name, statistic));
  }
  return names;
}

}  // namespace

bool MeetsObjectives(const RequestRecord& record, std::span<const spec::SloClass> classes) {
  if (!record.ok()) return false;
  if (record.slo_class >= classes.size()) return true;
  const spec::SloClass& slo = classes[record.slo_class];
  // An answer of one token has no time per output token to miss.
  const bool tpot_met = record.OutputTokens() < 2 || Within(slo.tpot_ms, TpotMs(record));
  return tpot_met && Within(slo.ttft_ms, TtftFromIntendedMs(record)) &&
         Within(slo.e2e_ms, E2eFromIntendedMs(record));
}

Summary Summarise(const RunView& run) { return SummariseScope(run, SpanOf(run.records), {}); }

Summary SummariseWindow(const RunView& run, TimeSpan window) {
  return SummariseScope(run, window, {.window = window, .whole_run = false});
}

std::optional<double> FigureOf(const Summary& summary, std::string_view figure) {
  const size_t dot = figure.find('.');
  const std::string name(figure.substr(0, dot));
  if (const auto value = summary.values.find(name); value != summary.values.end())
    return dot == std::string_view::npos ? std::optional(value->second) : std::nullopt;
  const auto found = summary.distributions.find(name);
  if (found == summary.distributions.end()) return std::nullopt;
  const double Distribution::*statistic =
      StatisticOf(dot == std::string_view::npos ? "mean" : figure.substr(dot + 1));
  if (statistic == nullptr) return std::nullopt;
  return found->second.*statistic;
}

Status CheckFigure(std::string_view figure) {
  const size_t dot = figure.find('.');
  const MetricInfo* metric = FindMetric(figure.substr(0, dot));
  const bool is_bare = dot == std::string_view::npos;
  if (metric != nullptr && is_bare) return OkStatus();
  if (metric != nullptr && metric->is_distribution() &&
      StatisticOf(figure.substr(dot + 1)) != nullptr)
    return OkStatus();
  std::string what = fmt::format("there is no figure \"{}\"", Excerpt(figure));
  if (metric != nullptr && !metric->is_distribution())
    return InvalidArgument(
        fmt::format("{}: {} is one number, without a \".\"", what, metric->name));
  return InvalidArgument(what + DidYouMean(figure, FigureNames()) + " (see docs/metrics.md)");
}

}  // namespace redline::lab
