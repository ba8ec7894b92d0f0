#include "app/bench_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/comparison_table.h"
#include "app/measurement_table.h"
#include "app/output.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/strings.h"
#include "lab/report/csv_report.h"
#include "lab/report/html_report.h"
#include "lab/report/markdown_report.h"
#include "lab/stats/comparison.h"

namespace redline::app {
namespace {

namespace fs = std::filesystem;
using lab::NamedMeasurement;
using nlohmann::json;

constexpr size_t kReasonShown = 72;  // bytes of a table's cell; JSON has them all

lab::LiveQuantiles QuantilesOf(const lab::Histogram& nanoseconds) {
  if (nanoseconds.empty()) return {};
  return {nanoseconds.Quantile(0.5) / 1e6, nanoseconds.Quantile(0.99) / 1e6};
}

// The folder of the reports; empty: none are written.
fs::path ReportFolder(const Arguments& arguments, const lab::Measurement& measurement) {
  if (arguments.Has("report-dir")) return arguments.Get("report-dir");
  if (arguments.Get("output") != "table") return {};
  std::string time = FormatRfc3339(measurement.started_at_ms).substr(0, 19);
  std::replace(time.begin(), time.end(), ':', '-');
  return fs::path("redline-bench") / (measurement.workload_name + "-" + time);
}

Status WriteResults(const fs::path& folder, const std::vector<NamedMeasurement>& measurements) {
  RL_RETURN_IF_ERROR(MakeDirectories(folder));
  for (const auto& [name, measurement] : measurements)
    RL_RETURN_IF_ERROR(WriteFileAtomic(folder / (name + ".json"), lab::ToJson(measurement)));
  return OkStatus();
}

Status WriteReports(const fs::path& folder, const std::vector<NamedMeasurement>& measurements,
                    const lab::ReportHead& head = {}) {
  const std::array<std::pair<const char*, std::string>, 4> files = {
      {{"report.html", lab::HtmlReport(measurements, head)},
       {"report.md", lab::MarkdownReport(measurements, head)},
       {"metrics.csv", lab::MetricsCsv(measurements)},
       {"requests.csv", lab::RequestsCsv(measurements)}}};
  for (const auto& [name, text] : files) RL_RETURN_IF_ERROR(WriteFileAtomic(folder / name, text));
  fmt::print(stderr, "report: {}\n", EscapeControl((folder / "report.html").string()));
  return OkStatus();
}

// Each result as NAME.json, and what they make together.
Status WriteAll(const fs::path& folder, const std::vector<NamedMeasurement>& measurements) {
  if (folder.empty()) return OkStatus();
  RL_RETURN_IF_ERROR(WriteResults(folder, measurements));
  return WriteReports(folder, measurements);
}

std::string SweepTable(const lab::SweepResult& result) {
  std::vector<std::vector<std::string>> rows;
  const auto figure = [](const lab::SweepPoint& point, const char* name) {
    const auto value = lab::FigureOf(point.measurement.summary, name);
    return value ? fmt::format("{:.1f}", *value) : std::string("-");
  };
  for (const lab::SweepPoint& point : result.points) {
    rows.push_back(
        {point.name, figure(point, "request_rate"), figure(point, "output_tps"),
         figure(point, "total_tps"), figure(point, "ttft_ms.p50"), figure(point, "ttft_ms.p99"),
         figure(point, "tpot_ms.p50"), point.rate > 0 ? (point.holds ? "yes" : "no") : "-",
         point.measurement.valid ? "yes" : "INVALID", Excerpt(point.reason, kReasonShown)});
  }
  return FormatTable({"POINT", "REQ/S", "OUT TOK/S", "TOTAL TOK/S", "TTFT P50 MS", "TTFT P99 MS",
                      "TPOT P50 MS", "HOLDS", "VALID", "WHY NOT"},
                     rows);
}

lab::ReportHead HeadOf(const lab::SweepResult& result) {
  lab::ReportHead head{.title = "Sweep", .findings = lab::Findings(result)};
  if (result.points.empty()) return head;
  const lab::Measurement& first = result.points.front().measurement;
  head.title = fmt::format("Sweep of {}, workload {}, {} points", first.model, first.workload_name,
                           result.points.size());
  return head;
}

}  // namespace

Status CheckReportFolder(const Arguments& arguments) {
  if (!arguments.Has("report-dir")) return OkStatus();
  const fs::path folder = arguments.Get("report-dir");
  RL_RETURN_IF_ERROR(MakeDirectories(folder));
  if (::access(folder.c_str(), W_OK) == 0) return OkStatus();
  return ErrnoStatus("writing to --report-dir " + folder.string(), errno);
}

void BenchView::UpdateRates(const std::string& phase, const lab::LoadProgress& load) {
  constexpr double kWindowSeconds = 5;  // many requests take seconds
  if (phase_ != phase) {
    phase_ = phase;
    last_elapsed_s_ = output_tps_ = request_rate_ = 0;
    last_events_ = last_finished_ = 0;
  }
  const double seconds = load.elapsed_s - last_elapsed_s_;
  const bool is_first = last_elapsed_s_ <= 0;
  if (seconds <= 0 || (seconds < kWindowSeconds && !is_first)) return;
  output_tps_ = static_cast<double>(load.output_events - last_events_) / seconds;
  request_rate_ = static_cast<double>(load.finished - last_finished_) / seconds;
  if (seconds < kWindowSeconds) return;
  last_elapsed_s_ = load.elapsed_s;
  last_events_ = load.output_events;
  last_finished_ = load.finished;
}

void BenchView::Show(const lab::BenchProgress& progress) {
  lab::LiveProgress live;
  live.name = point_.empty() ? name_ : name_ + " at " + point_;
  live.num_repeats = num_repeats_;
  live.repeat = std::max<int64_t>(1, progress.repeat);
  if (progress.repeat == 0) live.phase = progress.phase;
  if (progress.load != nullptr) {
    const lab::LoadProgress& load = *progress.load;
    live.elapsed_s = load.elapsed_s;
    live.num_total = static_cast<int64_t>(load.total);
    live.num_sent = static_cast<int64_t>(load.sent);
    live.num_done = static_cast<int64_t>(load.finished);
    UpdateRates(progress.phase, load);
    live.output_tps = output_tps_;
    live.request_rate = request_rate_;
    live.ttft = QuantilesOf(load.ttft_ns);
    live.gap = QuantilesOf(load.gaps_ns);
    for (int i = 0; i < lab::kNumOutcomes; ++i) {
      const auto outcome = static_cast<lab::Outcome>(i);
      const auto count = static_cast<int64_t>(load.outcomes[static_cast<size_t>(i)]);
      if (count == 0 || outcome == lab::Outcome::kOk || outcome == lab::Outcome::kAborted ||
          outcome == lab::Outcome::kNotSent)
        continue;
      live.errors[std::string(lab::NameOf(outcome))] = count;
      live.num_failed += count;
    }
  }
  view_.Show(live);
  status_.Show(progress, live);
}

std::string ClientTable(const lab::ClientReport& report) {
  std::vector<std::vector<std::string>> rows = {
      {"requests of one token", fmt::format("{:.0f}/s", report.requests_per_second),
       fmt::format("{:.2f} us of CPU each", report.cpu_us_per_request)},
      {"events", fmt::format("{:.0f}/s and core", report.events_per_core_second),
       fmt::format("{:.3f} us of CPU each", report.cpu_us_per_event)}};
  for (const lab::TimingCheck& timing : report.timing) {
    rows.push_back({fmt::format("stamps at concurrency {}", timing.concurrency),
                    fmt::format("TTFT off by {:.3f} ms, p99 {:.3f}", timing.ttft_error_p50_ms,
                                timing.ttft_error_p99_ms),
                    fmt::format("gaps off by {:.3f} ms, p99 {:.3f}", timing.gap_error_p50_ms,
                                timing.gap_error_p99_ms)});
  }
  rows.push_back({fmt::format("sending at {:.0f}/s", report.open_loop_rate),
                  fmt::format("off by {:.3f} ms at p99", report.send_error_p99_ms)});
  return FormatTable({"CLIENT, " + std::to_string(report.num_threads) + " THREADS", "", ""}, rows);
}

Status Show(const Arguments& arguments, const lab::Measurement& measurement) {
  const std::vector<NamedMeasurement> named = {{"result", measurement}};
  if (!PrintedForPrograms(arguments, json::parse(lab::ToJson(measurement))))
    fmt::print("{}", MeasurementTable(measurement));
  return WriteAll(ReportFolder(arguments, measurement), named);
}

Status Show(const Arguments& arguments, const lab::MeasuredPair& pair) {
  const lab::Comparison comparison = lab::Compare(pair.a, pair.b);
  json document = json::parse(lab::ToJson(pair.a));
  document["against"] = json::parse(lab::ToJson(pair.b));
  document["comparison"] = json::parse(lab::ToJson(comparison));
  if (!PrintedForPrograms(arguments, document)) {
    fmt::print("A: {}\n{}\nB: {}\n{}\n{}", pair.a.target, MeasurementTable(pair.a), pair.b.target,
               MeasurementTable(pair.b), ComparisonTable(comparison));
  }
  return WriteAll(ReportFolder(arguments, pair.a), {{"a", pair.a}, {"b", pair.b}});
}

Status Show(const Arguments& arguments, const lab::SweepResult& result) {
  if (!PrintedForPrograms(arguments, json::parse(lab::ToJson(result)))) {
    fmt::print("{}\n", SweepTable(result));
    for (const std::string& finding : lab::Findings(result)) fmt::print("{}\n", finding);
  }
  std::vector<NamedMeasurement> points;
  for (const lab::SweepPoint& point : result.points)
    points.push_back({point.name, point.measurement});
  return WriteReports(arguments.Get("report-dir"), points, HeadOf(result));
}

}  // namespace redline::app
