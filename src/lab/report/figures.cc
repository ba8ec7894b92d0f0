#include "lab/report/figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/metrics/environment.h"
#include "lab/report/number_text.h"

namespace redline::lab {
namespace {

constexpr KeyFigure kKeyFigures[] = {
    {"output_tps", "Output throughput", "tokens/s"},
    {"total_tps", "Total throughput", "tokens/s"},
    {"request_rate", "Request rate", "requests/s"},
    {"ttft_ms.p50", "TTFT p50", "ms"},
    {"ttft_ms.p99", "TTFT p99", "ms"},
    {"tpot_ms.p50", "TPOT p50", "ms"},
    {"tpot_ms.p99", "TPOT p99", "ms"},
    {"itl_ms.p99", "ITL p99", "ms"},
    {"e2e_ms.p50", "E2E p50", "ms"},
    {"e2e_ms.p99", "E2E p99", "ms"},
    {"goodput", "Goodput", "requests/s"},
    {"cost_per_million_output_tokens", "Cost of 1M output tokens", ""},
    {"error_share", "Failed requests", ""},
};

// The names that intervals.h gives its methods, in words.
std::string MethodText(const std::string& method) {
  if (method == "t_of_repeats") return "from how the repeats differ";
  if (method == "within_run") return "within the run: another run may well lie outside";
  return method;
}

bool IsShare(std::string_view figure) { return figure.ends_with("_share"); }

}  // namespace

std::span<const KeyFigure> KeyFigures() { return kKeyFigures; }

std::vector<KeyFigure> PresentFigures(NamedMeasurements measurements) {
  std::vector<KeyFigure> present;
  for (const KeyFigure& figure : KeyFigures()) {
    const bool is_present =
        std::any_of(measurements.begin(), measurements.end(), [&](const NamedMeasurement& named) {
          return FigureOf(named.measurement.summary, figure.figure).has_value();
        });
    if (is_present) present.push_back(figure);
  }
  return present;
}

std::string FigureText(const Summary& summary, std::string_view figure) {
  const auto value = FigureOf(summary, figure);
  if (!value) return "-";
  return IsShare(figure) ? FormatShare(*value) : FormatFigure(*value);
}

const Interval* FindInterval(const Measurement& measurement, std::string_view figure) {
  const auto& intervals = measurement.intervals;
  auto found = intervals.find(std::string(figure));
  if (found == intervals.end() && figure.ends_with(".mean"))
    found = intervals.find(std::string(figure.substr(0, figure.find('.'))));
  if (found == intervals.end()) found = intervals.find(std::string(figure) + ".mean");
  return found == intervals.end() ? nullptr : &found->second;
}

std::string IntervalText(const Measurement& measurement, std::string_view figure) {
  const Interval* interval = FindInterval(measurement, figure);
  if (interval == nullptr) return "";
  if (!IsShare(figure)) return FormatRange(interval->low, interval->high);
  return FormatShare(interval->low) + " \u2013 " + FormatShare(interval->high);
}

std::string IntervalMethod(const Measurement& measurement) {
  if (measurement.intervals.empty()) return "";
  const Interval& first = measurement.intervals.begin()->second;
  std::string text = FormatShare(first.confidence) + " intervals";
  return first.method.empty() ? text : text + ", " + MethodText(first.method);
}

std::vector<OutcomeCount> TotalOutcomes(const Measurement& measurement) {
  std::vector<OutcomeCount> totals;
  for (const RunResult& run : measurement.repeats) {
    for (const OutcomeCount& outcome : run.outcomes) {
      const auto known = std::find_if(totals.begin(), totals.end(), [&](const OutcomeCount& total) {
        return total.outcome == outcome.outcome;
      });
      if (known == totals.end()) {
        totals.push_back(outcome);
        continue;
      }
      known->count += outcome.count;
      if (known->sample.empty()) known->sample = outcome.sample;
    }
  }
  return totals;
}

std::string Headline(const Measurement& measurement) {
  std::string text = measurement.environment.contains(kVirtual)
                         ? "VIRTUAL (a simulated engine, nothing was measured): "
                         : "";
  text += measurement.model.empty() ? "unnamed model" : measurement.model;
  if (!measurement.workload_name.empty()) text += ", workload " + measurement.workload_name;
  const size_t repeats = measurement.repeats.size();
  if (repeats > 0) text += fmt::format(", {} {}", repeats, repeats == 1 ? "run" : "repeats");
  if (const auto requests = FigureOf(measurement.summary, "requests"))
    text += fmt::format(" of {} answered requests", FormatFigure(*requests));
  return text;
}

}  // namespace redline::lab
