#include "lab/report/csv_report.h"

#include <fmt/format.h>

#include <cmath>

#include "base/strings.h"
#include "lab/metrics/metric_table.h"
#include "lab/report/figures.h"

namespace redline::lab {
namespace {

std::string WithoutUnsafe(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (character.is_safe) kept += character.bytes;
    text.remove_prefix(character.bytes.size());
  }
  return kept;
}

// A spreadsheet takes what begins so for a formula; behind an apostrophe it is text.
bool LooksLikeFormula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
}

std::string CsvText(std::string_view raw) {
  std::string text = WithoutUnsafe(raw);
  if (LooksLikeFormula(text)) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"') quoted += '"';
    quoted += character;
  }
  return quoted + '"';
}

std::string CsvNumber(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

// Columns hold -1 for what did not happen.
std::string CsvTime(double milliseconds) {
  return milliseconds < 0 ? std::string() : CsvNumber(milliseconds);
}

std::string IntervalFields(const Measurement& measurement, const std::string& figure) {
  const Interval* interval = FindInterval(measurement, figure);
  if (interval == nullptr) return ",";
  return CsvNumber(interval->low) + "," + CsvNumber(interval->high);
}

std::string DistributionFields(const Measurement& measurement, const std::string& name) {
  const Distribution& values = measurement.summary.distributions.at(name);
  return fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{}", CsvNumber(values.mean),
      IntervalFields(measurement, name + ".mean"), CsvNumber(values.std), CsvNumber(values.min),
      CsvNumber(values.p50), IntervalFields(measurement, name + ".p50"), CsvNumber(values.p90),
      CsvNumber(values.p95), CsvNumber(values.p99), IntervalFields(measurement, name + ".p99"),
      CsvNumber(values.max), values.count);
}

std::string ValueFields(const Measurement& measurement, const std::string& name) {
  return fmt::format("{},{},,,,,,,,,,,,", CsvNumber(measurement.summary.values.at(name)),
                     IntervalFields(measurement, name));
}

std::string MetricRow(const NamedMeasurement& named, const MetricInfo& metric) {
  const Measurement& measurement = named.measurement;
  const std::string name(metric.name);
  const bool is_distribution = measurement.summary.distributions.contains(name);
  if (!is_distribution && !measurement.summary.values.contains(name)) return "";
  return fmt::format(
      "{},{},{},{},{},{},{}\n", CsvText(named.name), CsvText(measurement.model),
      CsvText(measurement.workload_name), measurement.valid, name, metric.unit,
      is_distribution ? DistributionFields(measurement, name) : ValueFields(measurement, name));
}

void AppendRequestRows(const std::string& prefix, const RequestColumns& rows, std::string& csv) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t outcome = rows.outcome[i];
    const bool is_known = outcome >= 0 && outcome < kNumOutcomes;
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", prefix, rows.index[i],
                       CsvTime(rows.start_ms[i]), CsvTime(rows.end_ms[i]), CsvTime(rows.ttft_ms[i]),
                       CsvTime(rows.tpot_ms[i]), CsvTime(rows.e2e_ms[i]), rows.input_tokens[i],
                       rows.output_tokens[i],
                       is_known ? NameOf(static_cast<Outcome>(outcome)) : "unknown");
  }
}

}  // namespace

std::string MetricsCsv(NamedMeasurements measurements) {
  std::string csv =
      "measurement,model,workload,valid,metric,unit,mean,mean_low,mean_high,std,min,p50,p50_low,"
      "p50_high,p90,p95,p99,p99_low,p99_high,max,count\n";
  for (const NamedMeasurement& named : measurements) {
    for (const MetricInfo& metric : MetricTable()) csv += MetricRow(named, metric);
  }
  return csv;
}

std::string RequestsCsv(NamedMeasurements measurements) {
  std::string csv =
      "measurement,run,index,start_ms,end_ms,ttft_ms,tpot_ms,e2e_ms,input_tokens,output_tokens,"
      "outcome\n";
  for (const auto& [name, measurement] : measurements) {
    for (size_t run = 0; run < measurement.repeats.size(); ++run)
      AppendRequestRows(fmt::format("{},{}", CsvText(name), run + 1),
                        measurement.repeats[run].requests, csv);
  }
  return csv;
}

}  // namespace redline::lab
