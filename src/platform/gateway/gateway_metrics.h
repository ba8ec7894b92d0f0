// What the gateway counts. Label cardinality is bounded: models are deployments, codes are HTTP's.
#pragma once

#include <string>

#include "base/metrics.h"
#include "platform/gateway/usage_meter.h"

namespace redline::platform {

// Thread-safe.
class GatewayMetrics {
 public:
  GatewayMetrics();
  void RequestStarted();
  void FirstByte(const std::string& model, double seconds);
  void RequestEnded(const std::string& model, int http_status, double seconds);
  void TokensServed(const std::string& model, const TokenUsage& usage);
  void UpstreamRetried(const std::string& model);
  std::string Render() const { return registry_.Render(); }

 private:
  MetricsRegistry registry_;
  Gauge& in_flight_;
};

}  // namespace redline::platform
