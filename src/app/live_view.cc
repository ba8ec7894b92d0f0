#include "app/live_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/output.h"

namespace redline::app {
namespace {

constexpr size_t kDefaultWidth = 80;
constexpr double kLogEverySeconds = 10;

size_t TerminalWidth() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth;
  return size.ws_col;
}

}  // namespace

LiveView::LiveView()
    : LiveView(stderr, StderrIsTerminal() ? Output::kTerminal : Output::kLog, TerminalWidth()) {}

void LiveView::Show(const lab::LiveProgress& progress) {
  if (output_ == Output::kTerminal) {
    Draw(progress);
  } else {
    Log(progress);
  }
  std::fflush(file_);
}

void LiveView::Clear() {
  if (lines_drawn_ == 0) return;
  fmt::print(file_, "\x1b[{}A\x1b[J", lines_drawn_);  // up, and clear to the end of the screen
  std::fflush(file_);
  lines_drawn_ = 0;
}

// In one write, so that it does not flicker.
void LiveView::Draw(const lab::LiveProgress& progress) {
  std::string text = lines_drawn_ == 0 ? "" : fmt::format("\x1b[{}A\x1b[J", lines_drawn_);
  lines_drawn_ = 0;
  for (const std::string& line : lab::LiveLines(progress, width_)) {
    text += line + "\n";
    ++lines_drawn_;
  }
  std::fwrite(text.data(), 1, text.size(), file_);
}

void LiveView::Log(const lab::LiveProgress& progress) {
  const std::string run = fmt::format("{} {} {}", progress.name, progress.repeat, progress.phase);
  const bool is_new = run != last_run_;
  if (!is_new && progress.elapsed_s - last_logged_s_ < kLogEverySeconds) return;
  last_run_ = run;
  last_logged_s_ = progress.elapsed_s;
  fmt::print(file_, "{}\n", lab::LiveSummary(progress));
}

}  // namespace redline::app
