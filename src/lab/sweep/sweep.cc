#include "lab/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "lab/request_record.h"
#include "lab/sweep/keeping_up.h"
#include "workload/random.h"

namespace redline::lab {
namespace {

constexpr double kLeastGain = 0.05;
// A rate below this share of what one client at a time gets leaves the server idle in between.
constexpr double kLeastShare = 0.1;
constexpr double kMostRate = 1e6;  // as spec/workload_rules.cc

enum class Verdict { kHolds, kBreaks, kInvalid };

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

// "3 http_error (HTTP 500: out of memory), 1 reset"; empty: nothing failed.
std::string Failures(const Measurement& measurement) {
  std::map<std::string, OutcomeCount> failed;
  for (const RunResult& run : measurement.repeats) {
    for (const OutcomeCount& outcome : run.outcomes) {
      if (outcome.outcome == NameOf(Outcome::kOk) || outcome.outcome == NameOf(Outcome::kAborted) ||
          outcome.outcome == NameOf(Outcome::kNotSent))
        continue;
      OutcomeCount& sum = failed[outcome.outcome];
      sum.count += outcome.count;
      if (sum.sample.empty()) sum.sample = outcome.sample;
    }
  }
  std::vector<std::string> parts;
  for (const auto& [name, outcome] : failed) {
    const std::string sample = outcome.sample.empty() ? "" : " (" + Excerpt(outcome.sample) + ")";
    parts.push_back(fmt::format("{} {}{}", outcome.count, name, sample));
  }
  return Join(parts, ", ");
}

// The first rule that the client, not the server, broke; empty: none.
std::string InvalidReason(const Measurement& measurement) {
  for (const RunResult& run : measurement.repeats) {
    for (const std::string& reason : run.invalid_reasons) {
      const bool is_servers = reason.starts_with("too_many_errors:") ||
                              reason.starts_with("usage_mismatch:") ||
                              reason.starts_with("nothing_answered:");
      if (!is_servers) return "INVALID: " + reason;
    }
  }
  return "";
}

// "ttft_ms.p99 31.2 > 20"; empty: all are met.
std::string MissedObjective(const Measurement& measurement,
                            const std::vector<Objective>& objectives) {
  for (const auto& [figure, limit] : objectives) {
    const auto value = FigureOf(measurement.summary, figure);
    if (!value) return figure + " was not measured";
    if (*value > limit) return fmt::format("{} {:.6g} > {:.6g}", figure, *value, limit);
  }
  return "";
}

// Why the rate does not hold; empty: it holds.
std::string BrokenBy(const Measurement& measurement, const std::vector<Objective>& objectives) {
  if (const std::string failures = Failures(measurement); !failures.empty())
    return "failed: " + failures;
  if (std::string missed = MissedObjective(measurement, objectives); !missed.empty()) return missed;
  return FellBehind(measurement).value_or("");
}

Verdict Judge(const std::vector<Objective>& objectives, SweepPoint& point) {
  point.reason = InvalidReason(point.measurement);
  const bool is_invalid = !point.reason.empty();
  if (point.rate > 0 && !is_invalid) point.reason = BrokenBy(point.measurement, objectives);
  point.holds = point.reason.empty();
  if (is_invalid) return Verdict::kInvalid;
  return point.holds ? Verdict::kHolds : Verdict::kBreaks;
}

class Sweep {
 public:
  Sweep(const std::vector<Objective>& objectives, const SweepLimits& limits,
        const MeasurePoint& measure)
      : limits_(limits), measure_(measure) {
    result_.objectives = objectives;
  }

  Status Run() {
    RL_RETURN_IF_ERROR(ClimbLadder());
    JudgeLadder();
    return result_.objectives.empty() ? OkStatus() : SearchRate();
  }
  SweepResult& result() { return result_; }

 private:
  // Again and again while it is INVALID; the last attempt is the one that is kept.
  Result<Verdict> Measure(SweepPoint point, int most_attempts) {
    Verdict verdict = Verdict::kInvalid;
    for (; point.attempt <= most_attempts && verdict == Verdict::kInvalid; ++point.attempt) {
      RL_ASSIGN_OR_RETURN(point.measurement, measure_(point));
      verdict = Judge(result_.objectives, point);
      if (point.attempt > 1) result_.points.pop_back();
      result_.points.push_back(point);
    }
    return verdict;
  }

  Status MeasureConcurrency(int64_t places) {
    RL_RETURN_IF_ERROR(
        Measure({.name = fmt::format("concurrency-{}", places), .concurrency = places}, 1)
            .status());
    const SweepPoint& point = result_.points.back();
    if (WasAnswered(point.measurement)) return OkStatus();
    return Unavailable(
        fmt::format("{}: no request was answered: {}", point.name, Failures(point.measurement)));
  }

  Status ClimbLadder() {
    double best = 0;
    int steps_without_gain = 0;
    for (int64_t places = 1; places <= limits_.most_concurrency && steps_without_gain < 2;
         places *= 2) {
      RL_RETURN_IF_ERROR(MeasureConcurrency(places));
      const double reached = OutputTps(result_.points.back());
      steps_without_gain = reached > best * (1 + kLeastGain) ? 0 : steps_without_gain + 1;
      best = std::max(best, reached);
    }
    is_saturated_ = steps_without_gain > 0;
    return OkStatus();
  }

  void JudgeLadder() {
    const std::vector<SweepPoint>& points = result_.points;
    for (const SweepPoint& point : points)
      result_.best_output_tps = std::max(result_.best_output_tps, OutputTps(point));
    const auto saturated = std::find_if(points.begin(), points.end(), [&](const auto& point) {
      return OutputTps(point) >= (1 - kLeastGain) * result_.best_output_tps;
    });
    if (is_saturated_) result_.saturation_concurrency = saturated->concurrency;
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

  // The least rate worth measuring.
  double LeastRate() const { return kLeastShare * Figure(result_.points.front(), "request_rate"); }

  Result<Verdict> MeasureRate(double rate) {
    return Measure({.name = fmt::format("rate-{:.6g}", rate), .rate = rate}, limits_.most_attempts);
  }

  // 0 when all requests would be sent before the first is answered: a burst shows no rate.
  double TwiceOf(double rate) {
    const SweepPoint& point = result_.points.back();
    const double answer_s = Figure(point, "e2e_ms") / 1e3;
    const double num_requests = Figure(point, "requests");
    if (rate * 2 <= kMostRate && (num_requests == 0 || num_requests / (rate * 2) > answer_s))
      return Rounded(rate * 2);
    result_.rate_note = fmt::format(
        "{:.0f} requests are too few to show a higher rate: they would be sent before "
        "the first is answered",
        num_requests);
    return 0;
  }

  // 0: the search is over.
  double NextRate(double holds, double breaks) {
    if (breaks == 0) return TwiceOf(holds);
    if (holds > 0) {
      const double between = Rounded((holds + breaks) / 2);
      const bool is_narrow = breaks - holds <= limits_.precision * breaks;
      return is_narrow || between <= holds || between >= breaks ? 0 : between;
    }
    if (breaks / 2 >= LeastRate()) return Rounded(breaks / 2);
    result_.rate_note = fmt::format(
        "below {:.3g}/s the server is idle between requests: no lower rate would do better",
        LeastRate());
    return 0;
  }

  Status SearchRate() {
    double holds = 0, breaks = 0;
    double rate = Rounded(Capacity() / 10);
    for (int i = 0; i < limits_.most_rates && rate > 0; ++i) {
      RL_ASSIGN_OR_RETURN(const Verdict verdict, MeasureRate(rate));
      if (verdict == Verdict::kInvalid) {
        const SweepPoint& point = result_.points.back();
        result_.rate_note = fmt::format("{} stayed {}", point.name, point.reason);
        break;
      }
      (verdict == Verdict::kHolds ? holds : breaks) = rate;
      if (holds > 0) result_.max_rate = holds;
      rate = NextRate(holds, breaks);
      if (i + 1 == limits_.most_rates && rate > 0)
        result_.rate_note = fmt::format("{} rates were measured", limits_.most_rates);
    }
    return OkStatus();
  }

  const SweepLimits& limits_;
  const MeasurePoint& measure_;
  bool is_saturated_ = false;
  SweepResult result_;
};

std::string LadderFinding(const SweepResult& result) {
  int64_t highest = 0;
  for (const SweepPoint& point : result.points) highest = std::max(highest, point.concurrency);
  const std::string saturation =
      result.saturation_concurrency
          ? fmt::format("saturated at concurrency {}", *result.saturation_concurrency)
          : fmt::format("not saturated up to concurrency {}", highest);
  return fmt::format("{}, knee at {}, best {:.1f} output tok/s", saturation,
                     result.knee_concurrency, result.best_output_tps);
}

std::string RateFinding(const SweepResult& result) {
  std::vector<std::string> objectives;
  for (const auto& [figure, limit] : result.objectives)
    objectives.push_back(fmt::format("{} <= {:.6g}", figure, limit));
  const std::string rate = result.max_rate
                               ? fmt::format("highest rate that keeps {}: {:.6g}/s",
                                             Join(objectives, " and "), *result.max_rate)
                               : "no rate was found that keeps " + Join(objectives, " and ");
  return result.rate_note.empty() ? rate : rate + "; the search ended early: " + result.rate_note;
}

}  // namespace

Result<Objective> ObjectiveFromText(const std::string& text) {
  const auto wrong = [&](std::string_view what) {
    return InvalidArgument(
        fmt::format("--slo \"{}\": {}; for example: --slo 'ttft_ms.p99<=2000'", text, what), "slo");
  };
  const size_t at = text.find("<=");
  if (at == std::string::npos) return wrong("it has no <=");
  Objective objective{text.substr(0, at), 0};
  if (const Status known = CheckFigure(objective.figure); !known.ok())
    return wrong(known.message());
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

uint64_t SeedOf(const SweepPoint& point, uint64_t seed_of_sweep) {
  uint64_t seed = workload::Mix(seed_of_sweep) + static_cast<uint64_t>(point.attempt);
  for (const char letter : point.name) seed = workload::Mix(seed + static_cast<uint8_t>(letter));
  return seed >> 24;
}

bool WasAnswered(const Measurement& measurement) {
  return FigureOf(measurement.summary, "request_rate").value_or(0) > 0;
}

std::vector<std::string> Findings(const SweepResult& result) {
  std::vector<std::string> findings = {LadderFinding(result)};
  std::vector<std::string> invalid;
  for (const SweepPoint& point : result.points) {
    if (point.concurrency > 0 && !point.measurement.valid) invalid.push_back(point.name);
  }
  if (!invalid.empty())
    findings.push_back("INVALID, so that saturation may be the client's: " + Join(invalid, ", "));
  if (!result.objectives.empty() && result.is_complete) findings.push_back(RateFinding(result));
  if (!result.is_complete) findings.push_back("stopped before its end; the same command goes on");
  return findings;
}

std::string ToJson(const SweepResult& result) {
  nlohmann::json points = nlohmann::json::array();
  for (const SweepPoint& point : result.points) {
    nlohmann::json row = {{"name", point.name}, {"valid", point.measurement.valid}};
    if (point.concurrency > 0) row["concurrency"] = point.concurrency;
    if (point.rate > 0) row.update({{"rate", point.rate}, {"holds", point.holds}});
    if (!point.reason.empty()) row["reason"] = point.reason;
    for (const char* figure : {"output_tps", "total_tps", "request_rate", "ttft_ms.p50",
                               "ttft_ms.p99", "tpot_ms.p50", "tpot_ms.p99", "e2e_ms.p99"}) {
      if (const auto value = FigureOf(point.measurement.summary, figure)) row[figure] = *value;
    }
    points.push_back(std::move(row));
  }
  nlohmann::json document = {{"points", std::move(points)},
                             {"saturated", result.saturation_concurrency.has_value()},
                             {"saturation_concurrency", nullptr},
                             {"knee_concurrency", result.knee_concurrency},
                             {"best_output_tps", result.best_output_tps},
                             {"complete", result.is_complete}};
  if (result.saturation_concurrency)
    document["saturation_concurrency"] = *result.saturation_concurrency;
  if (!result.rate_note.empty()) document["rate_note"] = result.rate_note;
  document["max_rate"] = result.max_rate ? nlohmann::json(*result.max_rate) : nlohmann::json();
  return document.dump();
}

}  // namespace redline::lab
