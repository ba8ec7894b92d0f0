// One line of progress on standard error: drawn over itself on a terminal, elsewhere printed once
// per phase.
#pragma once

#include <string>

namespace redline::app {

class ProgressLine {
 public:
  ~ProgressLine();
  void Show(const std::string& phase, const std::string& text);

 private:
  std::string last_phase_;
  bool drawn_ = false;
};

// " 28.1 MiB of 88.6 MiB, 9.1 MiB/s, 7s left".
std::string DownloadText(int64_t bytes_done, int64_t bytes_total, double bytes_per_second);

}  // namespace redline::app
