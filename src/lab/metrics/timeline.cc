#include "lab/metrics/timeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace redline::lab {
namespace {

double Seconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

// Spreads `amount` evenly over [from, to] into the bins it touches.
class Spreader {
 public:
  Spreader(double begin_s, double bin_s, size_t num_bins)
      : begin_s_(begin_s), bin_s_(bin_s), num_bins_(num_bins) {}

  void Add(std::vector<double>& bins, double from_s, double to_s, double amount) const {
    if (to_s <= from_s) return AddAt(bins, to_s, amount);
    const double end_s = begin_s_ + bin_s_ * static_cast<double>(num_bins_);
    const double density = amount / (to_s - from_s);
    from_s = std::max(from_s, begin_s_);
    to_s = std::min(to_s, end_s);
    for (size_t bin = BinOf(from_s); from_s < to_s && bin < num_bins_; ++bin) {
      const double bin_end = begin_s_ + bin_s_ * static_cast<double>(bin + 1);
      const double until = std::min(bin_end, to_s);
      bins[bin] += density * std::max(0.0, until - from_s);
      from_s = std::max(from_s, until);
    }
  }

  void AddAt(std::vector<double>& bins, double at_s, double amount) const {
    const double end_s = begin_s_ + bin_s_ * static_cast<double>(num_bins_);
    if (at_s < begin_s_ || at_s > end_s || num_bins_ == 0) return;
    bins[std::min(BinOf(at_s), num_bins_ - 1)] += amount;
  }

 private:
  size_t BinOf(double at_s) const {
    return static_cast<size_t>(std::max(0.0, (at_s - begin_s_) / bin_s_));
  }

  double begin_s_;
  double bin_s_;
  size_t num_bins_;
};

void AddRequest(const RequestRecord& record, const Spreader& spread, Timeline& timeline) {
  if (record.sent_ns < 0) return;
  const double sent = Seconds(record.sent_ns);
  const double end = Seconds(std::max(record.end_ns, record.sent_ns));
  const bool has_token = record.first_token_ns >= 0;
  const double first = has_token ? Seconds(record.first_token_ns) : end;
  const double last = has_token ? Seconds(record.last_token_ns) : end;
  spread.Add(timeline.prefill, sent, first, (first - sent) / timeline.bin_s);
  spread.Add(timeline.decode, first, end, (end - first) / timeline.bin_s);
  spread.AddAt(record.ok() ? timeline.finished : timeline.failed, end, 1);
  if (!has_token || !record.ok()) return;
  spread.AddAt(timeline.input_tokens, first, record.InputTokens());
  const int32_t tokens = record.OutputTokens();
  if (tokens <= 0) return;
  spread.AddAt(timeline.output_tokens, first, 1);
  spread.Add(timeline.output_tokens, first, last, tokens - 1);
}

// The narrowest of 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that needs no more than `max_bins`.
double RoundWidth(double seconds, size_t max_bins) {
  for (double decade = 0.1;; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      if (seconds / (decade * step) <= static_cast<double>(max_bins)) return decade * step;
    }
  }
}

}  // namespace

TimeSpan SpanOf(std::span<const RequestRecord> records) {
  int64_t first = -1;
  int64_t last = -1;
  for (const RequestRecord& record : records) {
    if (record.sent_ns < 0) continue;
    first = first < 0 ? record.sent_ns : std::min(first, record.sent_ns);
    last = std::max({last, record.sent_ns, record.end_ns});
  }
  if (first < 0) return {};
  return {Seconds(first), Seconds(last)};
}

Timeline MakeTimeline(std::span<const RequestRecord> records, TimeSpan span, double bin_s,
                      size_t max_bins) {
  Timeline timeline{.begin_s = span.begin_s, .bin_s = bin_s};
  const double wanted = std::ceil(span.seconds() / bin_s - 1e-9);
  const auto num_bins = static_cast<size_t>(std::clamp(wanted, 0.0, static_cast<double>(max_bins)));
  for (auto* column : {&timeline.output_tokens, &timeline.input_tokens, &timeline.finished,
                       &timeline.failed, &timeline.prefill, &timeline.decode})
    column->assign(num_bins, 0.0);
  const Spreader spread(span.begin_s, bin_s, num_bins);
  for (const RequestRecord& record : records) AddRequest(record, spread, timeline);
  return timeline;
}

Timeline MakeTimeline(std::span<const RequestRecord> records, size_t max_bins) {
  const TimeSpan span = SpanOf(records);
  max_bins = std::max<size_t>(max_bins, 1);
  return MakeTimeline(records, span, RoundWidth(span.seconds(), max_bins), max_bins);
}

double PeakInFlight(std::span<const RequestRecord> records) {
  std::vector<std::pair<int64_t, int>> steps;
  steps.reserve(records.size() * 2);
  for (const RequestRecord& record : records) {
    if (record.sent_ns < 0) continue;
    steps.emplace_back(record.sent_ns, 1);
    steps.emplace_back(std::max(record.end_ns, record.sent_ns), -1);
  }
  std::sort(steps.begin(), steps.end());  // at one moment, ends come before begins
  int64_t now = 0;
  int64_t peak = 0;
  for (const auto& [time, step] : steps) peak = std::max(peak, now += step);
  return static_cast<double>(peak);
}

}  // namespace redline::lab
