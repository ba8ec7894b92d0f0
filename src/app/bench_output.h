// How `bench` shows what it does and what it found.
#pragma once

#include <functional>
#include <string>

#include "app/command.h"
#include "lab/bench/bench_options.h"
#include "lab/bench/interleaved.h"
#include "lab/bench/client_report.h"
#include "lab/sweep/sweep.h"
#include "lab/metrics/measurement.h"

namespace redline::app {

// Progress on standard error: drawn over itself on a terminal, now and then a line elsewhere.
class BenchView {
 public:
  std::function<void(const lab::BenchProgress&)> Listener(const lab::BenchOptions& options);
  void Clear();

 private:
  lab::LiveView view_;
};

std::string ClientTable(const lab::ClientReport& check);

// Prints as --output says and writes the files of --report-dir.
Status Show(const Arguments& arguments, const lab::Measurement& measurement);
Status Show(const Arguments& arguments, const lab::MeasuredPair& pair);
Status Show(const Arguments& arguments, const lab::SweepResult& result);

}  // namespace redline::app
