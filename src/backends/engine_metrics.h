// The figures of an engine's /metrics (Prometheus text format 0.0.4) under one vocabulary, so that
// engines can be looked at side by side. Which figure of an engine is which: EngineFacts::metrics.
//
// num_running_requests, num_waiting_requests   requests
// kv_cache_usage                               0..1 of the KV cache
// prompt_tokens_total, generation_tokens_total tokens since the start
// num_preemptions_total                        requests taken off the engine for want of memory
// time_to_first_token_seconds                  mean since the start
#pragma once

#include <span>
#include <string_view>

#include "backends/backend.h"
#include "spec/engine_config.h"

namespace redline::backends {

// What the text has of `names`; lines that are no samples are passed over. Linear in the text.
spec::Parameters MapMetrics(std::span<const MetricName> names, std::string_view text);

// The labels of the first sample of a metric, as text: of "vllm:cache_config_info" its settings.
std::map<std::string, std::string> LabelsOf(std::string_view text, std::string_view metric);

}  // namespace redline::backends
