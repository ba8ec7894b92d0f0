// Shows a running benchmark on standard error: drawn over itself on a terminal, elsewhere a line
// every ten seconds. Not thread-safe.
#pragma once

#include <cstdio>
#include <string>

#include "lab/report/live_text.h"

namespace redline::app {

class LiveView {
 public:
  enum class Output { kTerminal, kLog };

  // Standard error, as it is.
  LiveView();
  LiveView(std::FILE* file, Output output, size_t width)
      : file_(file), output_(output), width_(width) {}
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;
  // Takes a drawing away, so that results begin where it was.
  ~LiveView() { Clear(); }

  void Show(const lab::LiveProgress& progress);
  void Clear();

 private:
  void Draw(const lab::LiveProgress& progress);
  void Log(const lab::LiveProgress& progress);

  std::FILE* file_;
  Output output_;
  size_t width_;
  size_t lines_drawn_ = 0;
  std::string last_run_;  // name, repeat and phase of the last line in a log
  double last_logged_s_ = 0;
};

}  // namespace redline::app
