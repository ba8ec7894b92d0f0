// How far a benchmark is, for programs: `status.json` in the folder of its report, replaced at most
// twice a second, with the throughput over time so far.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "lab/bench/bench_options.h"
#include "lab/metrics/measurement.h"
#include "lab/report/live_text.h"

namespace redline::app {

// Not thread-safe.
class BenchStatus {
 public:
  // Empty: nothing is written.
  explicit BenchStatus(std::filesystem::path file) : file_(std::move(file)) {}

  void Show(const lab::BenchProgress& progress, const lab::LiveProgress& live);
  // What came out: headline figures with an interval where there is one, and flaws.
  void SetResult(const lab::Measurement& measurement);
  void Finish(const Status& status);

 private:
  struct Point {
    int64_t repeat = 0;
    double elapsed_s = 0;  // since the repeat's begin
    double output_tps = 0;
    double request_rate = 0;
  };
  void AddPoint(const lab::BenchProgress& progress);
  void Write(const std::string& state, const std::string& error);

  const std::filesystem::path file_;
  lab::LiveProgress live_;
  MonotonicTime written_;
  // Never longer than a plot is wide: when it is full, every second point goes and the rest come
  // half as often.
  std::vector<Point> points_;
  double period_s_ = 1;
  Point last_;  // the repeat, time and counts of the last point
  uint64_t last_events_ = 0;
  uint64_t last_finished_ = 0;
  std::map<std::string, double> figures_;
  std::vector<std::string> flaws_;
};

}  // namespace redline::app
