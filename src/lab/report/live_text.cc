#include "lab/report/live_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr size_t kBarWidth = 24;

double ShareDone(const LiveProgress& progress) {
  if (progress.num_total <= 0) return 0;
  return std::clamp(
      static_cast<double>(progress.num_done) / static_cast<double>(progress.num_total), 0.0, 1.0);
}

std::string ProgressBar(double share) {
  const auto filled = static_cast<size_t>(std::lround(share * kBarWidth));
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]";
}

std::string Title(const LiveProgress& progress) {
  std::string title = EscapeControl(progress.name);
  if (progress.num_repeats > 1)
    title += fmt::format(" run {} of {}", progress.repeat, progress.num_repeats);
  return progress.phase.empty() ? title : title + ", " + EscapeControl(progress.phase);
}

std::string WholeSeconds(double seconds) {
  return seconds < 0.5 ? "0s" : FormatDuration(std::round(seconds));
}

std::string TimeText(const LiveProgress& progress) {
  std::string text = WholeSeconds(progress.elapsed_s);
  const double eta_s = EtaSeconds(progress);
  if (eta_s >= 0) text += ", " + WholeSeconds(eta_s) + " left";
  return text;
}

std::string Count(int64_t value) { return FormatFigure(static_cast<double>(value)); }

std::string RequestsText(const LiveProgress& progress) {
  const int64_t in_flight = std::max<int64_t>(0, progress.num_sent - progress.num_done);
  return fmt::format("{} of {} done, {} in flight, {} failed", Count(progress.num_done),
                     Count(progress.num_total), Count(in_flight), Count(progress.num_failed));
}

std::string SpeedText(const LiveProgress& progress) {
  return fmt::format("{} output tokens/s, {} requests/s", FormatFigure(progress.output_tps),
                     FormatFigure(progress.request_rate));
}

std::string QuantilesText(const LiveQuantiles& quantiles) {
  if (quantiles.p50_ms < 0) return "-";
  return fmt::format("p50 {} p99 {} ms", FormatFigure(quantiles.p50_ms),
                     FormatFigure(quantiles.p99_ms));
}

std::string ErrorsText(const LiveProgress& progress) {
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : progress.errors)
    kinds.push_back(EscapeControl(kind) + " " + Count(count));
  return Join(kinds, ", ");
}

}  // namespace

double EtaSeconds(const LiveProgress& progress) {
  if (progress.num_done <= 0 || progress.num_total < progress.num_done || progress.elapsed_s <= 0)
    return -1;
  const auto left = static_cast<double>(progress.num_total - progress.num_done);
  return progress.elapsed_s * left / static_cast<double>(progress.num_done);
}

std::vector<std::string> LiveLines(const LiveProgress& progress, size_t width) {
  const double share = ShareDone(progress);
  std::vector<std::string> lines = {
      Title(progress),
      fmt::format("{} {:3.0f}%  {}", ProgressBar(share), share * 100, TimeText(progress)),
      "requests  " + RequestsText(progress),
      "speed     " + SpeedText(progress),
      "ttft      " + QuantilesText(progress.ttft),
      "gaps      " + QuantilesText(progress.gap)};
  if (!progress.errors.empty()) lines.push_back("errors    " + ErrorsText(progress));
  for (std::string& line : lines) line.resize(CompleteUtf8Prefix(line.substr(0, width)));
  return lines;
}

std::string LiveSummary(const LiveProgress& progress) {
  if (progress.num_total <= 0) return Title(progress);
  std::string text =
      fmt::format("{}: {:.0f}%, {}; {}; {}; ttft {}; gaps {}", Title(progress),
                  ShareDone(progress) * 100, TimeText(progress), RequestsText(progress),
                  SpeedText(progress), QuantilesText(progress.ttft), QuantilesText(progress.gap));
  if (!progress.errors.empty()) text += "; errors: " + ErrorsText(progress);
  return text;
}

}  // namespace redline::lab
