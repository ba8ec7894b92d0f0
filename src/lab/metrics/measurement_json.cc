#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "lab/metrics/measurement.h"
#include "lab/metrics/measurement_fields.h"
#include "net/json_body.h"
#include "spec/json.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr char kSchema[] = "schema_version";

// Repeats with their rows are a few hundred KiB each.
constexpr net::JsonLimits kLimits = {
    .max_bytes = size_t{256} << 20, .max_depth = 32, .max_values = size_t{16} << 20};

Status CheckVersion(const json& document) {
  const auto version = document.find(kSchema);
  if (version == document.end())
    return InvalidArgument(
        "this is not a result of redline bench: \"schema_version\" is missing; results of other "
        "tools can be given to redline compare as they are",
        kSchema);
  if (!version->is_number_integer() || *version != kMeasurementVersion)
    return InvalidArgument(
        fmt::format("\"schema_version\" is {}, this redline reads {}: use the version that wrote "
                    "the file",
                    net::JsonExcerpt(*version), kMeasurementVersion),
        kSchema);
  return OkStatus();
}

Status ReadMetric(const json& value, const MetricInfo& metric, Summary& summary) {
  const std::string name(metric.name);
  if (!metric.is_distribution())
    return spec::json_internal::Read(value, name, summary.values[name]);
  return spec::json_internal::ReadObject(value, name, spec::UnknownKeys::kIgnore,
                                         summary.distributions[name]);
}

Status ReadMetrics(const json& document, Summary& summary) {
  for (const MetricInfo& metric : MetricTable()) {
    const auto value = document.find(std::string(metric.name));
    if (value == document.end() || value->is_null()) continue;
    RL_RETURN_IF_ERROR(ReadMetric(*value, metric, summary));
  }
  return OkStatus();
}

Status CheckColumn(const char* name, size_t size, size_t expected) {
  if (size == expected) return OkStatus();
  return InvalidArgument(
      fmt::format("\"{}\" has {} entries where its neighbours have {}: the file is damaged", name,
                  size, expected),
      name);
}

// What the statistics of a run are made for: many times what is written of one.
Status CheckSize(const char* name, size_t size) {
  if (size <= kMostRowsRead) return OkStatus();
  return InvalidArgument(fmt::format("\"{}\" has {} entries, at most {} of one repeat are read",
                                     name, size, kMostRowsRead),
                         name);
}

// Widths that a run's bins can have.
Status CheckBinWidth(const Timeline& bins) {
  constexpr double kLeast = 1e-6;
  constexpr double kMost = 1e9;
  if (bins.size() == 0 || (bins.bin_s >= kLeast && bins.bin_s <= kMost)) return OkStatus();
  return InvalidArgument(fmt::format("\"timeline.bin_s\" is {}, a bin is {} to {} seconds wide",
                                     bins.bin_s, kLeast, kMost),
                         "timeline.bin_s");
}

// Columns are indexed together later on.
Status CheckColumns(const RunResult& run) {
  const RequestColumns& rows = run.requests;
  const size_t num_rows = rows.size();
  RL_RETURN_IF_ERROR(CheckSize("requests.index", num_rows));
  const std::pair<const char*, size_t> row_columns[] = {
      {"requests.start_ms", rows.start_ms.size()},
      {"requests.end_ms", rows.end_ms.size()},
      {"requests.ttft_ms", rows.ttft_ms.size()},
      {"requests.tpot_ms", rows.tpot_ms.size()},
      {"requests.e2e_ms", rows.e2e_ms.size()},
      {"requests.input_tokens", rows.input_tokens.size()},
      {"requests.output_tokens", rows.output_tokens.size()},
      {"requests.outcome", rows.outcome.size()}};
  for (const auto& [name, size] : row_columns)
    RL_RETURN_IF_ERROR(CheckColumn(name, size, num_rows));
  const Timeline& bins = run.timeline;
  RL_RETURN_IF_ERROR(CheckSize("timeline.output_tokens", bins.size()));
  RL_RETURN_IF_ERROR(CheckBinWidth(bins));
  const std::pair<const char*, size_t> bin_columns[] = {
      {"timeline.input_tokens", bins.input_tokens.size()},
      {"timeline.finished", bins.finished.size()},
      {"timeline.failed", bins.failed.size()},
      {"timeline.prefill", bins.prefill.size()},
      {"timeline.decode", bins.decode.size()}};
  for (const auto& [name, size] : bin_columns)
    RL_RETURN_IF_ERROR(CheckColumn(name, size, bins.size()));
  return OkStatus();
}

json WorkloadOf(const Measurement& measurement) {
  const auto parsed = net::ParseJson(measurement.workload);
  return parsed.ok() ? *parsed : json();
}

}  // namespace

std::string ToJson(const Measurement& measurement) {
  json document = spec::FieldsToJson(measurement);
  document[kSchema] = kMeasurementVersion;
  document["workload"] = WorkloadOf(measurement);
  for (const auto& [name, distribution] : measurement.summary.distributions)
    document[name] = spec::FieldsToJson(distribution);
  for (const auto& [name, value] : measurement.summary.values) document[name] = value;
  return spec::DumpJson(document);
}

Result<Measurement> MeasurementFromJson(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const json document, net::ParseJsonObject(text, kLimits));
  RL_RETURN_IF_ERROR(CheckVersion(document));
  RL_ASSIGN_OR_RETURN(Measurement measurement,
                      spec::FieldsFromJson<Measurement>(document, spec::UnknownKeys::kIgnore));
  if (measurement.repeats.size() > kMostRepeats)
    return InvalidArgument(fmt::format("\"repeats\" has {} entries, at most {} are read",
                                       measurement.repeats.size(), kMostRepeats),
                           "repeats");
  for (const RunResult& run : measurement.repeats) RL_RETURN_IF_ERROR(CheckColumns(run));
  RL_RETURN_IF_ERROR(ReadMetrics(document, measurement.summary));
  if (const auto workload = document.find("workload");
      workload != document.end() && workload->is_object())
    measurement.workload = spec::DumpJson(*workload);
  return measurement;
}

}  // namespace redline::lab
