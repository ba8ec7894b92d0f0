#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline {
namespace {

TEST(Metrics, RendersPrometheusTextWithEscapedLabels) {
  MetricsRegistry registry;
  registry.AddCounter("redline_requests_total", "Requests.", {{"model", "a\"b\n"}}).Add(2);
  registry.AddCounter("redline_requests_total", "Requests.", {{"model", "a\"b\n"}}).Add();
  registry.AddGauge("redline_running", "Running.").Set(1.5);
  registry.AddHistogram("redline_seconds", "Time.", {0.1, 1}).Observe(0.5);
  const std::string text = registry.Render();
  EXPECT_THAT(text, testing::HasSubstr("# TYPE redline_requests_total counter"));
  EXPECT_THAT(text, testing::HasSubstr(R"(redline_requests_total{model="a\"b\n"} 3)"));
  EXPECT_THAT(text, testing::HasSubstr("redline_running 1.5"));
  EXPECT_THAT(text, testing::HasSubstr(R"(redline_seconds_bucket{le="1"} 1)"));
}

}  // namespace
}  // namespace redline
