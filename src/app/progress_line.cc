#include "app/progress_line.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/output.h"
#include "base/strings.h"

namespace redline::app {

ProgressLine::~ProgressLine() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressLine::Show(const std::string& phase, const std::string& text) {
  if (StderrIsTerminal()) {
    fmt::print(stderr, "\r\x1b[K{}", EscapeControl(text));
    drawn_ = true;
  } else if (phase != last_phase_) {
    fmt::print(stderr, "{}\n", EscapeControl(text));
  }
  std::fflush(stderr);
  last_phase_ = phase;
}

std::string DownloadText(int64_t bytes_done, int64_t bytes_total, double bytes_per_second) {
  std::string text = fmt::format(" {} of {}", FormatBytes(static_cast<uint64_t>(bytes_done)),
                                 FormatBytes(static_cast<uint64_t>(bytes_total)));
  if (bytes_per_second <= 0) return text;
  text += fmt::format(", {}/s", FormatBytes(static_cast<uint64_t>(bytes_per_second)));
  if (bytes_total > bytes_done)
    text += fmt::format(", {} left", FormatDuration(static_cast<double>(bytes_total - bytes_done) /
                                                    bytes_per_second));
  return text;
}

}  // namespace redline::app
