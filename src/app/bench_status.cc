#include "app/bench_status.h"

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr double kStatusPeriodSeconds = 0.5;
constexpr size_t kMostPoints = 600;

json QuantilesJson(const lab::LiveQuantiles& quantiles) {
  return {{"p50", quantiles.p50_ms}, {"p99", quantiles.p99_ms}};
}

}  // namespace

void BenchStatus::AddPoint(const lab::BenchProgress& progress) {
  if (progress.load == nullptr || progress.repeat == 0) return;
  const lab::LoadProgress& load = *progress.load;
  if (last_.repeat != progress.repeat) {
    last_ = {.repeat = progress.repeat};
    last_events_ = last_finished_ = 0;
  }
  const double seconds = load.elapsed_s - last_.elapsed_s;
  if (seconds < period_s_) return;
  last_.elapsed_s = load.elapsed_s;
  last_.output_tps = static_cast<double>(load.output_events - last_events_) / seconds;
  last_.request_rate = static_cast<double>(load.finished - last_finished_) / seconds;
  last_events_ = load.output_events;
  last_finished_ = load.finished;
  points_.push_back(last_);
  if (points_.size() < kMostPoints) return;
  for (size_t kept = 0; kept < kMostPoints / 2; ++kept) points_[kept] = points_[2 * kept + 1];
  points_.resize(kMostPoints / 2);
  period_s_ *= 2;
}

void BenchStatus::Show(const lab::BenchProgress& progress, const lab::LiveProgress& live) {
  if (file_.empty()) return;
  AddPoint(progress);
  const bool is_new = live.phase != live_.phase || live.repeat != live_.repeat;
  live_ = live;
  if (is_new || SecondsSince(written_) >= kStatusPeriodSeconds) Write("running", "");
}

void BenchStatus::SetResult(const lab::Measurement& measurement) {
  for (const char* name : {"output_tps", "total_tps", "request_rate", "ttft_ms.p50", "ttft_ms.p99",
                           "tpot_ms.p50", "e2e_ms.mean"}) {
    if (const auto value = lab::FigureOf(measurement.summary, name)) figures_[name] = *value;
  }
  if (const auto found = measurement.intervals.find("output_tps");
      found != measurement.intervals.end()) {
    figures_["output_tps.low"] = found->second.low;
    figures_["output_tps.high"] = found->second.high;
  }
  flaws_ = measurement.invalid_reasons;
}

void BenchStatus::Finish(const Status& status) {
  if (file_.empty()) return;
  Write(status.ok() ? "finished" : "failed", status.ok() ? "" : status.message());
}

// A status that cannot be written is no reason to end a run.
void BenchStatus::Write(const std::string& state, const std::string& error) {
  written_ = MonotonicNow();
  json series = json::array();
  for (const Point& point : points_) {
    series.push_back({{"repeat", point.repeat},
                      {"elapsed_seconds", point.elapsed_s},
                      {"output_tps", point.output_tps},
                      {"request_rate", point.request_rate}});
  }
  const double left = lab::EtaSeconds(live_);
  const json status = {{"state", state},
                       {"phase", live_.phase},
                       {"repeat", live_.repeat},
                       {"repeats", live_.num_repeats},
                       {"elapsed_seconds", live_.elapsed_s},
                       {"repeat_seconds_left", left < 0 ? json() : json(left)},
                       {"requests", live_.num_total},
                       {"sent", live_.num_sent},
                       {"done", live_.num_done},
                       {"failed", live_.num_failed},
                       {"output_tps", live_.output_tps},
                       {"request_rate", live_.request_rate},
                       {"ttft_ms", QuantilesJson(live_.ttft)},
                       {"gap_ms", QuantilesJson(live_.gap)},
                       {"errors", live_.errors},
                       {"series", std::move(series)},
                       {"figures", figures_},
                       {"flaws", flaws_},
                       {"error", error},
                       {"updated_at_ms", UnixMillis()}};
  (void)WriteFileAtomic(file_, status.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace redline::app
