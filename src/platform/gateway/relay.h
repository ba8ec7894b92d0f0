// One inference request on its way to an engine and back: bytes are passed on as they come, with
// backpressure both ways; a client that leaves cancels the engine's work.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "platform/gateway/balancer.h"
#include "platform/gateway/gateway_metrics.h"
#include "platform/gateway/inference_request.h"
#include "platform/gateway/snapshot.h"
#include "platform/gateway/usage_meter.h"

namespace redline::platform {

// What all relays share; outlives them.
struct RelayContext {
  net::HttpClient& client;
  Balancer& balancer;
  GatewayMetrics& metrics;
};

// Kept alive by the callbacks of its exchange. Callbacks come from the client's thread and from the
// server's I/O threads: `mutex_` guards all mutable state.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  // `model` must be in `snapshot`. `target` is the engine's path, "/v1/chat/completions".
  Relay(RelayContext context, std::shared_ptr<const Snapshot> snapshot, InferenceRequest request,
        std::string target, std::string request_id, std::shared_ptr<net::ResponseWriter> writer);

  void Start();

 private:
  void SendToNextInstance();
  void OnHead(int status, const net::Headers& headers);
  void OnBody(std::string_view bytes);
  void OnDone(const Status& status);
  void OnPeerClosed();
  void OnDrained();

  bool TryAnother(const Status& status);
  void FinishBody(const Status& status);
  void FailBeforeHead(const Status& status);
  void Forward(std::string bytes);
  void End(int http_status);

  const RelayContext context_;
  const std::shared_ptr<const Snapshot> snapshot_;
  const InferenceRequest request_;
  const std::string target_;
  const std::string request_id_;
  const MonotonicTime begin_ = MonotonicNow();

  std::mutex mutex_;
  std::shared_ptr<net::ResponseWriter> writer_;
  std::shared_ptr<net::Exchange> exchange_;
  std::optional<Balancer::Lease> lease_;
  std::set<std::string> tried_;
  StreamMeter meter_;
  bool streaming_ = false;  // the answer is an event stream
  bool has_head_ = false;
  bool client_gone_ = false;
  bool ended_ = false;
  int status_ = 0;
  net::HttpResponse whole_;  // an answer that is not a stream
};

}  // namespace redline::platform
