#include "lab/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/metrics/metric_table.h"

namespace redline::lab {
namespace {

constexpr double kLeastGain = 0.05;
constexpr double kKeptUp = 0.95;

double Figure(const SweepPoint& point, std::string_view figure) {
  return FigureOf(point.measurement.summary, figure).value_or(0);
}

double OutputTps(const SweepPoint& point) { return Figure(point, "output_tps"); }

double Power(const SweepPoint& point) {
  const double e2e_ms = Figure(point, "e2e_ms");
  return e2e_ms > 0 ? OutputTps(point) / e2e_ms : 0;
}

// Rates are measured at three digits, so that names and what is measured agree.
double Rounded(double rate) {
  const double unit = std::pow(10, std::floor(std::log10(rate)) - 2);
  return std::round(rate / unit) * unit;
}

bool Holds(const SweepPoint& point, const std::vector<Objective>& objectives) {
  for (const Objective& objective : objectives) {
    const auto value = FigureOf(point.measurement.summary, objective.figure);
    if (!value || *value > objective.limit) return false;
  }
  for (const RunResult& run : point.measurement.repeats) {
    if (run.health.num_failed > 0) return false;
  }
  return Figure(point, "request_rate") >= kKeptUp * point.rate;
}

class Sweep {
 public:
  Sweep(const std::vector<Objective>& objectives, const SweepLimits& limits,
        const MeasurePoint& measure)
      : objectives_(objectives), limits_(limits), measure_(measure) {}

  Status Run() {
    RL_RETURN_IF_ERROR(ClimbLadder());
    Judge();
    return objectives_.empty() ? OkStatus() : SearchRate();
  }
  SweepResult& result() { return result_; }

 private:
  Status Measure(SweepPoint point) {
    RL_ASSIGN_OR_RETURN(point.measurement, measure_(point));
    if (point.rate > 0) point.holds = Holds(point, objectives_);
    result_.points.push_back(std::move(point));
    return OkStatus();
  }

  Status ClimbLadder() {
    double best = 0;
    int steps_without_gain = 0;
    for (int64_t places = 1; places <= limits_.most_concurrency && steps_without_gain < 2;
         places *= 2) {
      RL_RETURN_IF_ERROR(
          Measure({.name = fmt::format("concurrency-{}", places), .concurrency = places}));
      const double reached = OutputTps(result_.points.back());
      steps_without_gain = reached > best * (1 + kLeastGain) ? 0 : steps_without_gain + 1;
      best = std::max(best, reached);
    }
    return OkStatus();
  }

  void Judge() {
    const std::vector<SweepPoint>& points = result_.points;
    for (const SweepPoint& point : points)
      result_.best_output_tps = std::max(result_.best_output_tps, OutputTps(point));
    const auto saturated = std::find_if(points.begin(), points.end(), [&](const auto& point) {
      return OutputTps(point) >= (1 - kLeastGain) * result_.best_output_tps;
    });
    result_.saturation_concurrency = saturated->concurrency;
    result_.knee_concurrency =
        std::max_element(points.begin(), points.end(), [](const auto& one, const auto& other) {
          return Power(one) < Power(other);
        })->concurrency;
  }

  // Requests per second of the best point of the ladder.
  double Capacity() const {
    double capacity = 0;
    for (const SweepPoint& point : result_.points)
      capacity = std::max(capacity, Figure(point, "request_rate"));
    return capacity;
  }

  Result<bool> RateHolds(double rate) {
    RL_RETURN_IF_ERROR(Measure({.name = fmt::format("rate-{:.6g}", rate), .rate = rate}));
    return result_.points.back().holds;
  }

  Status SearchRate() {
    if (Capacity() <= 0) return OkStatus();
    double holds = 0, breaks = 0;
    double rate = Rounded(Capacity() / 10);
    for (int i = 0; i < limits_.most_rates; ++i) {
      RL_ASSIGN_OR_RETURN(const bool is_held, RateHolds(rate));
      (is_held ? holds : breaks) = rate;
      if (breaks == 0) {
        rate = Rounded(rate * 2);
      } else {
        if (breaks - holds <= limits_.precision * breaks) break;
        rate = Rounded((holds + breaks) / 2);
        if (rate <= holds || rate >= breaks) break;
      }
    }
    if (holds > 0) result_.max_rate = holds;
    return OkStatus();
  }

  const std::vector<Objective>& objectives_;
  const SweepLimits& limits_;
  const MeasurePoint& measure_;
  SweepResult result_;
};

}  // namespace

Result<Objective> ObjectiveFromText(const std::string& text) {
  const auto wrong = [&](std::string_view what) {
    return InvalidArgument(
        fmt::format("--slo \"{}\": {}; for example: --slo 'ttft_ms.p99<=2000'", text, what), "slo");
  };
  const size_t at = text.find("<=");
  if (at == std::string::npos) return wrong("it has no <=");
  Objective objective{text.substr(0, at), 0};
  const MetricInfo* metric = FindMetric(objective.figure.substr(0, objective.figure.find('.')));
  if (metric == nullptr) return wrong("there is no metric of that name (docs/metrics.md)");
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + at + 2, end, objective.limit);
  if (error != std::errc() || rest != end || !std::isfinite(objective.limit) ||
      objective.limit <= 0)
    return wrong("the limit is no positive number");
  return objective;
}

Result<SweepResult> RunSweep(const std::vector<Objective>& objectives, const SweepLimits& limits,
                             const MeasurePoint& measure) {
  Sweep sweep(objectives, limits, measure);
  const Status status = sweep.Run();
  if (status.code() == Code::kCancelled && !sweep.result().points.empty())
    sweep.result().is_complete = false;
  else if (!status.ok())
    return status;
  return std::move(sweep.result());
}

std::string ToJson(const SweepResult& result) {
  nlohmann::json points = nlohmann::json::array();
  for (const SweepPoint& point : result.points) {
    nlohmann::json row = {{"name", point.name}, {"valid", point.measurement.valid}};
    if (point.concurrency > 0) row["concurrency"] = point.concurrency;
    if (point.rate > 0) row.update({{"rate", point.rate}, {"holds", point.holds}});
    for (const char* figure : {"output_tps", "total_tps", "request_rate", "ttft_ms.p50",
                               "ttft_ms.p99", "tpot_ms.p50", "tpot_ms.p99", "e2e_ms.p99"}) {
      if (const auto value = FigureOf(point.measurement.summary, figure)) row[figure] = *value;
    }
    points.push_back(std::move(row));
  }
  nlohmann::json document = {{"points", std::move(points)},
                             {"saturation_concurrency", result.saturation_concurrency},
                             {"knee_concurrency", result.knee_concurrency},
                             {"best_output_tps", result.best_output_tps},
                             {"complete", result.is_complete}};
  document["max_rate"] = result.max_rate ? nlohmann::json(*result.max_rate) : nlohmann::json();
  return document.dump();
}

}  // namespace redline::lab
