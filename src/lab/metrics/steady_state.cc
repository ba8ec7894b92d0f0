#include "lab/metrics/steady_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace redline::lab {
namespace {

constexpr size_t kNumBins = 250;
constexpr size_t kBatch = 5;  // the 5 of MSER-5
constexpr size_t kLeastBatches = 10;
constexpr double kPlateau = 0.9;  // of the level
constexpr double kTrend = 0.2;    // in flight may change so much from one half to the other
constexpr double kLeastRequests = 20;
constexpr double kLeastShare = 0.2;  // of the run

double Mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> InFlight(const Timeline& timeline) {
  std::vector<double> series(timeline.size());
  for (size_t bin = 0; bin < series.size(); ++bin) series[bin] = timeline.InFlight(bin);
  return series;
}

// The median of the middle half.
double LevelOf(const std::vector<double>& series) {
  const auto quarter = static_cast<std::ptrdiff_t>(series.size() / 4);
  std::vector<double> middle(series.begin() + quarter, series.end() - quarter);
  const auto median = middle.begin() + static_cast<std::ptrdiff_t>(middle.size() / 2);
  std::nth_element(middle.begin(), median, middle.end());
  return *median;
}

struct Bins {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
};

// First to last bin that reaches `level`.
Bins Reaching(const std::vector<double>& series, double level) {
  const auto reaches = [level](double value) { return value >= level; };
  const auto first = std::find_if(series.begin(), series.end(), reaches);
  const auto last = std::find_if(series.rbegin(), series.rend(), reaches).base();
  if (first >= last) return {};
  return {static_cast<size_t>(first - series.begin()), static_cast<size_t>(last - series.begin())};
}

std::span<const double> Part(const std::vector<double>& series, Bins bins) {
  return std::span(series).subspan(bins.begin, bins.size());
}

// "" when the number in flight stays about the same.
std::string TrendOf(std::span<const double> in_flight) {
  const double first = Mean(in_flight.first(in_flight.size() / 2));
  const double second = Mean(in_flight.last(in_flight.size() / 2));
  if (second > first * (1 + kTrend))
    return fmt::format(
        "requests in flight kept growing ({:.1f}, then {:.1f}): more is asked than "
        "the server can do",
        first, second);
  if (second < first * (1 - kTrend))
    return fmt::format(
        "requests in flight kept falling ({:.1f}, then {:.1f}): the run drains from "
        "its begin; use --concurrency or --rate, or more requests",
        first, second);
  return "";
}

// "" when enough requests ended in the bins, and they are enough of the run.
std::string TooFew(const Timeline& timeline, Bins bins) {
  const auto finished = Part(timeline.finished, bins);
  const double num_finished = std::accumulate(finished.begin(), finished.end(), 0.0);
  if (num_finished < kLeastRequests)
    return fmt::format(
        "only {:.0f} requests ended in the steady part, {:.0f} are needed: use more "
        "requests",
        num_finished, kLeastRequests);
  if (static_cast<double>(bins.size()) < kLeastShare * kNumBins)
    return "the steady part is less than a fifth of the run: use more requests";
  return "";
}

// While requests are still being sent: after that, the run drains by definition.
TimeSpan SendingSpan(std::span<const RequestRecord> records) {
  TimeSpan span = SpanOf(records);
  span.end_s = span.begin_s;
  for (const RequestRecord& record : records)
    span.end_s = std::max(span.end_s, static_cast<double>(record.sent_ns) / 1e9);
  return span;
}

SteadyState None(std::string reason) { return {.found = false, .reason = std::move(reason)}; }

}  // namespace

size_t MserCut(std::span<const double> series) {
  const size_t num_batches = series.size() / kBatch;
  if (num_batches < kLeastBatches) return series.size();
  std::vector<double> means(num_batches);
  for (size_t i = 0; i < num_batches; ++i) means[i] = Mean(series.subspan(i * kBatch, kBatch));
  // Suffix sums give the variance of every remainder in one pass.
  double sum = 0;
  double squares = 0;
  double best = std::numeric_limits<double>::infinity();
  size_t best_cut = num_batches;
  for (size_t cut = num_batches; cut-- > 0;) {
    sum += means[cut];
    squares += means[cut] * means[cut];
    const auto count = static_cast<double>(num_batches - cut);
    if (count < 5) continue;  // the last few agree by accident
    const double score = std::max(0.0, squares - sum * sum / count) / (count * count);
    if (score <= best) best = score, best_cut = cut;
  }
  return best_cut * 2 > num_batches ? series.size() : best_cut * kBatch;
}

SteadyState FindSteadyState(std::span<const RequestRecord> records) {
  const TimeSpan sending = SendingSpan(records);
  if (sending.seconds() <= 0)
    return None(
        "all requests were sent at once: the run drains from its begin; use --concurrency "
        "or --rate");
  const Timeline timeline = MakeTimeline(records, sending, sending.seconds() / kNumBins, kNumBins);
  const std::vector<double> in_flight = InFlight(timeline);
  Bins bins = Reaching(in_flight, kPlateau * LevelOf(in_flight));
  if (bins.size() < kBatch * kLeastBatches)
    return None("requests in flight have no plateau: use more requests");
  if (std::string trend = TrendOf(Part(in_flight, bins)); !trend.empty()) return None(trend);
  if (std::string few = TooFew(timeline, bins); !few.empty()) return None(few);
  const size_t cut = MserCut(Part(timeline.output_tokens, bins));
  if (cut >= bins.size()) return None("throughput had not settled by the middle of the run");
  bins.begin += cut;
  if (std::string few = TooFew(timeline, bins); !few.empty()) return None(few);
  const auto time_of = [&](size_t bin) {
    return sending.begin_s + static_cast<double>(bin) * timeline.bin_s;
  };
  return {.found = true, .window = {time_of(bins.begin), time_of(bins.end)}, .reason = ""};
}

TimeSpan BeforeDrain(std::span<const RequestRecord> records) {
  const TimeSpan span = SpanOf(records);
  if (span.seconds() <= 0) return span;
  const Timeline timeline = MakeTimeline(records, span, span.seconds() / kNumBins, kNumBins);
  const std::vector<double> in_flight = InFlight(timeline);
  const double peak = *std::max_element(in_flight.begin(), in_flight.end());
  const Bins bins = Reaching(in_flight, peak / 2);
  return {span.begin_s, span.begin_s + static_cast<double>(bins.end) * timeline.bin_s};
}

}  // namespace redline::lab
