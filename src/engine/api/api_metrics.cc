#include "engine/api/api_metrics.h"

namespace redline::engine {

ApiMetrics::ApiMetrics(MetricsRegistry& registry)
    : unknown_fields(registry.AddCounter("redline_engine_unknown_fields_total",
                                         "Fields of requests that were ignored.")),
      grammar_compile_time(registry.AddHistogram(
          "redline_engine_grammar_compile_seconds",
          "Time to compile what an answer must be: schemas, regular expressions, grammars.",
          {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1})) {}

}  // namespace redline::engine
