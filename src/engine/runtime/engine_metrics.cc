#include "engine/runtime/engine_metrics.h"

#include <string>
#include <vector>

namespace redline::engine {
namespace {

// Seconds, four per decade: 100 us to 250 s.
std::vector<double> LatencyBuckets() {
  std::vector<double> bounds;
  for (double decade = 1e-4; decade < 1e3; decade *= 10) {
    for (const double step : {1.0, 2.5, 5.0}) bounds.push_back(decade * step);
  }
  return bounds;
}

Histogram& Latency(MetricsRegistry& registry, const std::string& name, const std::string& help) {
  return registry.AddHistogram(name, help, LatencyBuckets());
}

Counter& FinishedBy(MetricsRegistry& registry, const std::string& reason) {
  return registry.AddCounter("redline_engine_requests_finished_total", "Requests that ended",
                             {{"reason", reason}});
}

}  // namespace

EngineMetrics::EngineMetrics(MetricsRegistry& registry)
    : requests_running(registry.AddGauge("redline_engine_requests_running",
                                         "Requests that are prefilled or decoded now")),
      requests_queued(registry.AddGauge("redline_engine_requests_queued",
                                        "Requests that wait, the preempted included")),
      kv_pages_used(
          registry.AddGauge("redline_engine_kv_pages_used", "KV pages that requests hold")),
      kv_pages_cached(registry.AddGauge("redline_engine_kv_pages_cached",
                                        "KV pages in the prefix cache, held by requests or not")),
      kv_pages_total(registry.AddGauge("redline_engine_kv_pages_total", "KV pages of the pool")),
      prompt_tokens(registry.AddCounter("redline_engine_prompt_tokens_total",
                                        "Prompt tokens of admitted requests, each counted once")),
      cached_tokens(registry.AddCounter("redline_engine_cached_tokens_total",
                                        "Prompt tokens taken from the prefix cache")),
      evicted_pages(registry.AddCounter("redline_engine_evicted_pages_total",
                                        "KV pages taken from the prefix cache for others")),
      generation_tokens(registry.AddCounter("redline_engine_generation_tokens_total",
                                            "Generated tokens, stop tokens included")),
      computed_tokens(registry.AddCounter("redline_engine_computed_tokens_total",
                                          "Rows of all forward passes, recomputed ones included")),
      draft_tokens(registry.AddCounter("redline_engine_draft_tokens_total",
                                       "Drafts computed, accepted or not")),
      accepted_draft_tokens(registry.AddCounter("redline_engine_accepted_draft_tokens_total",
                                                "Drafts that were the token drawn in their place")),
      steps(registry.AddCounter("redline_engine_steps_total", "Steps completed")),
      preemptions(registry.AddCounter("redline_engine_preemptions_total",
                                      "Requests that lost their pages and were queued again")),
      numerical_errors(registry.AddCounter("redline_engine_numerical_errors_total",
                                           "Requests failed by logits that are not finite")),
      finished_stop(FinishedBy(registry, "stop")),
      finished_length(FinishedBy(registry, "length")),
      finished_abort(FinishedBy(registry, "abort")),
      finished_error(FinishedBy(registry, "error")),
      queue_time(Latency(registry, "redline_engine_request_queue_time_seconds",
                         "From submission to the first admission")),
      time_to_first_token(Latency(registry, "redline_engine_time_to_first_token_seconds",
                                  "From submission to the first token")),
      inter_token_latency(Latency(registry, "redline_engine_inter_token_latency_seconds",
                                  "Between consecutive tokens of a request")),
      request_latency(Latency(registry, "redline_engine_e2e_request_latency_seconds",
                              "From submission to the last event")),
      step_time(Latency(registry, "redline_engine_step_seconds", "Duration of a step")) {}

Counter& EngineMetrics::Finished(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return finished_stop;
    case FinishReason::kLength:
      return finished_length;
    case FinishReason::kAbort:
      return finished_abort;
    default:
      return finished_error;
  }
}

}  // namespace redline::engine
