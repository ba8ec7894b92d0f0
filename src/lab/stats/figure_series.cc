#include "lab/stats/figure_series.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace redline::lab {
namespace {

// Drawn again and again: sixteen repeats as long as any is written.
constexpr size_t kMostDrawn = 65'536;

// What fewer bins say of a rate's noise is noise itself.
constexpr size_t kLeastBins = 8;
// Of a bin's width: less is rounding.
constexpr double kLeastPart = 1e-6;
// A file may say anything.
constexpr double kLeastBinSeconds = 1e-9;

using RequestColumn = std::vector<double> RequestColumns::*;

struct NamedColumn {
  std::string_view metric;
  RequestColumn column;
};
constexpr NamedColumn kRequestColumns[] = {{"ttft_ms", &RequestColumns::ttft_ms},
                                           {"tpot_ms", &RequestColumns::tpot_ms},
                                           {"e2e_ms", &RequestColumns::e2e_ms}};

double Mean(std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// "p99" -> its share; nullopt: not a percentile.
std::optional<double> PercentileOf(std::string_view statistic) {
  for (const auto& [name, share] : {std::pair("p50", 0.5), std::pair("p90", 0.9),
                                    std::pair("p95", 0.95), std::pair("p99", 0.99)}) {
    if (statistic == name) return share;
  }
  return std::nullopt;
}

std::optional<Statistic> StatisticOf(std::string_view name) {
  if (name.empty() || name == "mean") return Mean;
  const auto share = PercentileOf(name);
  if (!share) return std::nullopt;
  return [share = *share](std::vector<double>& values) {
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return values[static_cast<size_t>(rank)];
  };
}

std::vector<double> OfRequests(const RequestColumns& rows, RequestColumn column) {
  std::vector<double> values;
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool ok = rows.outcome[row] == static_cast<int64_t>(Outcome::kOk);
    if (ok && (rows.*column)[row] >= 0) values.push_back((rows.*column)[row]);
  }
  return values;
}

// What each bin counted towards a rate; nullopt: not a rate.
std::optional<std::vector<double>> CountsOf(const Timeline& bins, std::string_view metric) {
  if (metric == "output_tps") return bins.output_tokens;
  if (metric == "request_rate") return bins.finished;
  if (metric != "total_tps") return std::nullopt;
  std::vector<double> counts = bins.output_tokens;
  for (size_t bin = 0; bin < counts.size(); ++bin) counts[bin] += bins.input_tokens[bin];
  return counts;
}

// The last bin is seldom full. Rates of as many bins as fit, all of one width and of the whole
// duration, so that their mean is the run's rate; what a bin counted is taken as spread over it.
std::optional<std::vector<double>> OfBins(const RunResult& run, std::string_view metric) {
  const auto counts = CountsOf(run.timeline, metric);
  if (!counts || counts->empty()) return counts;
  const double bin_s = run.timeline.bin_s;
  const auto num_counts = static_cast<double>(counts->size());
  const double most_s = num_counts * bin_s;
  if (!(bin_s >= kLeastBinSeconds) || !std::isfinite(most_s)) return std::nullopt;
  double duration_s = FigureOf(run.summary, "duration_s").value_or(most_s);
  if (!std::isfinite(duration_s)) duration_s = most_s;
  duration_s = std::clamp(duration_s, most_s - bin_s * (1 - kLeastPart), most_s);
  const double num_bins = std::max(std::floor(duration_s / bin_s + kLeastPart), 1.0);
  const double width_s = duration_s / num_bins;
  std::vector<double> rates(static_cast<size_t>(num_bins));
  for (size_t index = 0; index < counts->size(); ++index) {
    const double begin_s = bin_s * static_cast<double>(index);
    const double end_s = std::min(begin_s + bin_s, duration_s);
    const double density = (*counts)[index] / (end_s - begin_s);
    for (auto bin = static_cast<size_t>(begin_s / width_s); bin < rates.size(); ++bin) {
      const double from_s = std::max(begin_s, width_s * static_cast<double>(bin));
      const double to_s = std::min(end_s, width_s * static_cast<double>(bin + 1));
      if (to_s > from_s) rates[bin] += density * (to_s - from_s) / width_s;
      if (to_s >= end_s) break;
    }
  }
  return rates;
}

std::optional<std::vector<double>> OfRun(const RunResult& run, std::string_view metric) {
  for (const NamedColumn& named : kRequestColumns) {
    if (named.metric == metric) return OfRequests(run.requests, named.column);
  }
  return OfBins(run, metric);
}

}  // namespace

std::optional<FigureSeries> SeriesOf(const Measurement& measurement, std::string_view figure) {
  const size_t dot = figure.find('.');
  const auto statistic =
      StatisticOf(dot == std::string_view::npos ? std::string_view() : figure.substr(dot + 1));
  if (!statistic) return std::nullopt;
  FigureSeries series{.statistic = *statistic};
  size_t num_values = 0;
  for (const RunResult& run : measurement.repeats) {
    auto values = OfRun(run, figure.substr(0, dot));
    if (!values || values->empty()) return std::nullopt;
    num_values += values->size();
    if (num_values > kMostDrawn) return std::nullopt;
    series.runs.push_back(std::move(*values));
  }
  if (series.runs.empty()) return std::nullopt;
  const bool of_bins = CountsOf({}, figure).has_value();
  if (of_bins && num_values < kLeastBins) return std::nullopt;
  return series;
}

std::vector<double> ValuesOfRepeats(const Measurement& measurement, std::string_view figure) {
  std::vector<double> values;
  for (const RunResult& run : measurement.repeats) {
    if (const auto value = FigureOf(run.summary, figure)) values.push_back(*value);
  }
  return values;
}

}  // namespace redline::lab
