// A run as it goes: for people on standard error, for the console in status.json.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "app/progress_line.h"
#include "base/clock.h"
#include "base/status.h"
#include "lab/tune/tune_options.h"
#include "lab/tune/tune_result.h"

namespace redline::app {

// Not thread-safe.
class TuneView {
 public:
  TuneView(std::filesystem::path status_file, bool is_virtual)
      : status_file_(std::move(status_file)), is_virtual_(is_virtual) {}

  void Show(const lab::TuneEvent& event);
  // The winner's gain over the baseline, when one was shown.
  void SetResult(const lab::TuneResult& result);
  // kCancelled: stopped by somebody.
  void Finish(const Status& status);

 private:
  void Write(const lab::TuneEvent& event, const std::string& state, const std::string& error);

  const std::filesystem::path status_file_;
  const bool is_virtual_;
  ProgressLine line_;
  std::string phase_;
  std::string last_step_;
  lab::TuneEvent last_;
  MonotonicTime written_;
  std::map<std::string, double> figures_;
};

}  // namespace redline::app
