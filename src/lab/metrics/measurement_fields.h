// The fields of a Measurement's parts, for spec/json_fields.h. Include it in .cc files only.
#pragma once

#include "lab/metrics/measurement.h"
#include "spec/json_fields.h"

namespace redline::lab {

using spec::Is;

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Distribution> auto& distribution) {
  visit("mean", distribution.mean);
  visit("std", distribution.std);
  visit("min", distribution.min);
  visit("p50", distribution.p50);
  visit("p90", distribution.p90);
  visit("p95", distribution.p95);
  visit("p99", distribution.p99);
  visit("max", distribution.max);
  visit("count", distribution.count);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Summary> auto& summary) {
  visit("distributions", summary.distributions);
  visit("values", summary.values);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<TimeSpan> auto& span) {
  visit("begin_s", span.begin_s);
  visit("end_s", span.end_s);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<SteadyState> auto& steady) {
  visit("found", steady.found);
  visit("window", steady.window);
  visit("reason", steady.reason);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<OutcomeCount> auto& outcome) {
  visit("outcome", outcome.outcome);
  visit("count", outcome.count);
  visit("sample", outcome.sample);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Interval> auto& interval) {
  visit("low", interval.low);
  visit("high", interval.high);
  visit("confidence", interval.confidence);
  visit("method", interval.method);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<LoadHealth> auto& health) {
  visit("client_cpu_share_max", health.client_cpu_share_max);
  visit("schedule_lag_p99_ms", health.schedule_lag_p99_ms);
  visit("schedule_lag_max_ms", health.schedule_lag_max_ms);
  visit("read_delay_p99_ms", health.read_delay_p99_ms);
  visit("headroom", health.headroom);
  visit("ttft_mean_ms", health.ttft_mean_ms);
  visit("gap_mean_ms", health.gap_mean_ms);
  visit("num_planned", health.num_planned);
  visit("num_sent", health.num_sent);
  visit("num_failed", health.num_failed);
  visit("num_usage_mismatch", health.num_usage_mismatch);
  visit("num_not_sent", health.num_not_sent);
  visit("num_prompt_tokens", health.num_prompt_tokens);
  visit("num_cached_tokens", health.num_cached_tokens);
  visit("num_shared_tokens", health.num_shared_tokens);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<RequestColumns> auto& columns) {
  visit("index", columns.index);
  visit("start_ms", columns.start_ms);
  visit("end_ms", columns.end_ms);
  visit("ttft_ms", columns.ttft_ms);
  visit("tpot_ms", columns.tpot_ms);
  visit("e2e_ms", columns.e2e_ms);
  visit("input_tokens", columns.input_tokens);
  visit("output_tokens", columns.output_tokens);
  visit("outcome", columns.outcome);
  visit("block_rows", columns.block_rows);
  visit("num_requests", columns.num_requests);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Timeline> auto& timeline) {
  visit("begin_s", timeline.begin_s);
  visit("bin_s", timeline.bin_s);
  visit("output_tokens", timeline.output_tokens);
  visit("input_tokens", timeline.input_tokens);
  visit("finished", timeline.finished);
  visit("failed", timeline.failed);
  visit("prefill", timeline.prefill);
  visit("decode", timeline.decode);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<RunResult> auto& run) {
  visit.Time("started_at", run.started_at_ms);
  visit("summary", run.summary);
  visit("steady_state", run.steady_state);
  visit("steady", run.steady);
  visit("before_drain", run.before_drain);
  visit("before_drain_output_tps", run.before_drain_output_tps);
  visit("before_drain_total_tps", run.before_drain_total_tps);
  visit("outcomes", run.outcomes);
  visit("health", run.health);
  visit("invalid_reasons", run.invalid_reasons);
  visit("requests", run.requests);
  visit("timeline", run.timeline);
}

// Without `summary`, whose metrics are at the document's top level, and `workload`, which is there
// as an object.
template <typename Visitor>
void VisitFields(Visitor& visit, Is<Measurement> auto& measurement) {
  visit("tool", measurement.tool);
  visit("tool_version", measurement.tool_version);
  visit("command_line", measurement.command_line);
  visit.Time("started_at", measurement.started_at_ms);
  visit("target", measurement.target);
  visit("model", measurement.model);
  visit("api", measurement.api);
  visit("workload_name", measurement.workload_name);
  visit("seed", measurement.seed);
  visit("dataset_hash", measurement.dataset_hash);
  visit("environment", measurement.environment);
  visit("repeats", measurement.repeats);
  visit("intervals", measurement.intervals);
  visit("valid", measurement.valid);
  visit("invalid_reasons", measurement.invalid_reasons);
  visit("notes", measurement.notes);
}

}  // namespace redline::lab
