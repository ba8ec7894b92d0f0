// How `bench` and `sweep` show what they do and what they found.
#pragma once

#include <string>

#include "app/bench_status.h"
#include "app/command.h"
#include "app/live_view.h"
#include "lab/bench/bench_options.h"
#include "lab/bench/client_report.h"
#include "lab/bench/interleaved.h"
#include "lab/metrics/measurement.h"
#include "lab/sweep/sweep.h"

namespace redline::app {

// Progress on standard error: drawn over itself on a terminal, now and then a line elsewhere; for
// programs in `status_file`, unless that is empty.
class BenchView {
 public:
  explicit BenchView(const lab::BenchOptions& options, std::filesystem::path status_file = {})
      : name_(options.workload.name),
        num_repeats_(options.num_repeats),
        status_(std::move(status_file)) {}
  // What comes is of this point of a sweep.
  void Begin(const std::string& point) { point_ = point; }
  void Show(const lab::BenchProgress& progress);
  void Clear() { view_.Clear(); }
  void SetResult(const lab::Measurement& measurement) { status_.SetResult(measurement); }
  void Finish(const Status& status) { status_.Finish(status); }

 private:
  void UpdateRates(const std::string& phase, const lab::LoadProgress& load);

  const std::string name_;
  const int64_t num_repeats_;
  std::string point_;
  LiveView view_;
  BenchStatus status_;
  // The rates of the last seconds, and where they began.
  double output_tps_ = 0;
  double request_rate_ = 0;
  std::string phase_;
  double last_elapsed_s_ = 0;
  uint64_t last_events_ = 0;
  uint64_t last_finished_ = 0;
};

std::string ClientTable(const lab::ClientReport& report);

// Makes the folder of --report-dir before anything is measured.
Status CheckReportFolder(const Arguments& arguments);

// Print as --output says and write the files of --report-dir.
Status Show(const Arguments& arguments, const lab::Measurement& measurement);
Status Show(const Arguments& arguments, const lab::MeasuredPair& pair);
Status Show(const Arguments& arguments, const lab::SweepResult& result);

}  // namespace redline::app
