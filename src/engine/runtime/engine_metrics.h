// The engine's metrics by name, summed over its data-parallel ranks. Each rank has an
// EngineMetrics; what they share is thread-safe, and the registry outlives them.
#pragma once

#include "base/metrics.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

// One rank's share of a gauge that all ranks add to. Owner: the rank's engine thread.
class GaugeShare {
 public:
  explicit GaugeShare(Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) {
    gauge_.Add(value - value_);
    value_ = value;
  }

 private:
  Gauge& gauge_;
  double value_ = 0;
};

struct EngineMetrics {
  explicit EngineMetrics(MetricsRegistry& registry);
  Counter& Finished(FinishReason reason);

  GaugeShare requests_running;
  GaugeShare requests_queued;
  GaugeShare kv_pages_used;
  GaugeShare kv_pages_cached;
  GaugeShare kv_pages_total;
  Counter& prompt_tokens;
  Counter& cached_tokens;
  Counter& evicted_pages;
  Counter& generation_tokens;
  Counter& computed_tokens;
  Counter& draft_tokens;
  Counter& accepted_draft_tokens;
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
