#include "platform/gateway/gateway_metrics.h"

namespace redline::platform {

GatewayMetrics::GatewayMetrics()
    : in_flight_(registry_.AddGauge("redline_gateway_requests_in_flight",
                                    "Inference requests that have not ended.")) {}

void GatewayMetrics::RequestStarted() { in_flight_.Add(1); }

void GatewayMetrics::RequestEnded(const std::string& model, int http_status, double seconds) {
  in_flight_.Add(-1);
  registry_
      .AddCounter("redline_gateway_requests_total", "Inference requests by model and HTTP status.",
                  {{"model", model}, {"code", std::to_string(http_status)}})
      .Add();
  registry_
      .AddHistogram("redline_gateway_request_seconds",
                    "From the request's head to the answer's end.",
                    {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300}, {{"model", model}})
      .Observe(seconds);
}

void GatewayMetrics::FirstByte(const std::string& model, double seconds) {
  registry_
      .AddHistogram("redline_gateway_time_to_first_byte_seconds",
                    "From the request's head to the first byte of a streamed answer.",
                    {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}, {{"model", model}})
      .Observe(seconds);
}

void GatewayMetrics::TokensServed(const std::string& model, const TokenUsage& usage) {
  registry_
      .AddCounter("redline_gateway_prompt_tokens_total", "Prompt tokens by model.",
                  {{"model", model}})
      .Add(static_cast<double>(usage.prompt_tokens));
  registry_
      .AddCounter("redline_gateway_completion_tokens_total", "Generated tokens by model.",
                  {{"model", model}})
      .Add(static_cast<double>(usage.completion_tokens));
}

void GatewayMetrics::UpstreamRetried(const std::string& model) {
  registry_
      .AddCounter("redline_gateway_upstream_retries_total",
                  "Requests sent to another instance because the first did not answer.",
                  {{"model", model}})
      .Add();
}

}  // namespace redline::platform
