// The metrics of this room by name. Handles are thread-safe; the registry outlives them.
#pragma once

#include "base/metrics.h"

namespace redline::engine {

struct ApiMetrics {
  explicit ApiMetrics(MetricsRegistry& registry);

  Counter& unknown_fields;
  Histogram& grammar_compile_time;
};

}  // namespace redline::engine
