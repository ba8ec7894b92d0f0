// The engine's metrics by name. Handles are thread-safe; the registry outlives them.
#pragma once

#include "base/metrics.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

struct EngineMetrics {
  explicit EngineMetrics(MetricsRegistry& registry);
  Counter& Finished(FinishReason reason);

  Gauge& requests_running;
  Gauge& requests_queued;
  Gauge& kv_pages_used;
  Gauge& kv_pages_total;
  Counter& prompt_tokens;
  Counter& generation_tokens;
  Counter& computed_tokens;
  Counter& steps;
  Counter& preemptions;
  Counter& numerical_errors;
  Counter& finished_stop;
  Counter& finished_length;
  Counter& finished_abort;
  Counter& finished_error;
  Histogram& queue_time;
  Histogram& time_to_first_token;
  Histogram& inter_token_latency;
  Histogram& request_latency;
  Histogram& step_time;
};

}  // namespace redline::engine
