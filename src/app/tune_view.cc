#include "app/tune_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/output.h"
#include "base/files.h"
#include "base/strings.h"

namespace redline::app {
namespace {

constexpr double kWritePeriodSeconds = 0.5;

}  // namespace

void TuneView::Show(const lab::TuneEvent& event) {
  last_ = event;
  const std::string time = fmt::format("{} of {}", FormatDuration(event.elapsed_seconds),
                                       FormatDuration(event.most_seconds));
  if (event.kind == lab::TuneEvent::Kind::kPhase) phase_ = event.text;
  if (event.kind == lab::TuneEvent::Kind::kStep) last_step_ = event.text;
  const bool is_short_lived = event.kind == lab::TuneEvent::Kind::kTrial && is_virtual_;
  if (StderrIsTerminal()) {
    if (event.kind == lab::TuneEvent::Kind::kStep) {
      line_.Show("", "");
      fmt::print(stderr, "\r\x1b[K{}\n", Excerpt(event.text, 160));
    }
    line_.Show("tune", fmt::format(" {}, {} configurations, {}: {}", time, event.num_trials,
                                   Excerpt(phase_, 40), Excerpt(event.text, 60)));
  } else if (!is_short_lived) {
    fmt::print(stderr, "{}  {}\n", time, Excerpt(event.text, 200));
  }
  if (event.kind == lab::TuneEvent::Kind::kTrial && SecondsSince(written_) < kWritePeriodSeconds)
    return;
  Write(event, "running", "");
}

void TuneView::SetResult(const lab::TuneResult& result) {
  if (!result.has_winner) return;
  figures_ = {{"ratio", result.last.ratio}, {"low", result.last.low}, {"high", result.last.high}};
}

void TuneView::Finish(const Status& status) {
  const bool is_stopped = status.code() == Code::kCancelled;
  Write(last_,
        status.ok()  ? "finished"
        : is_stopped ? "stopped"
                     : "failed",
        status.ok() ? "" : status.message());
}

// A status that cannot be written is no reason to end a run: the journal is what counts.
void TuneView::Write(const lab::TuneEvent& event, const std::string& state,
                     const std::string& error) {
  written_ = MonotonicNow();
  const nlohmann::json status = {{"state", state},
                                 {"phase", phase_},
                                 {"last", event.text},
                                 {"last_step", last_step_},
                                 {"elapsed_seconds", event.elapsed_seconds},
                                 {"most_seconds", event.most_seconds},
                                 {"trials", event.num_trials},
                                 {"virtual", is_virtual_},
                                 {"figures", figures_},
                                 {"error", error},
                                 {"updated_at_ms", UnixMillis()}};
  (void)WriteFileAtomic(
      status_file_, status.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace redline::app
