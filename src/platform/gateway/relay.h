// One inference request on its way to an engine and back: bytes are passed on as they come, with
// backpressure both ways; a client that leaves cancels the engine's work.
#pragma once

#include <map>
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

class Relay;

// The relays that have not ended. Thread-safe.
class RunningRelays {
 public:
  void Add(const std::shared_ptr<Relay>& relay);
  void Remove(const Relay* relay);
  // Ends them all: streams with an error event, the others with 503.
  void AbortAll();

 private:
  std::mutex mutex_;  // guards relays_
  std::map<const Relay*, std::weak_ptr<Relay>> relays_;
};

// What all relays share; outlives them.
struct RelayContext {
  net::HttpClient& client;
  Balancer& balancer;
  GatewayMetrics& metrics;
  RunningRelays& running;
};

// Kept alive by the callbacks of its exchange. Callbacks come from the client's thread and from the
// server's I/O threads: `mutex_` guards all mutable state.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  // `model` must be in `snapshot`. `target` is the engine's path, "/v1/chat/completions".
  Relay(RelayContext context, std::shared_ptr<const Snapshot> snapshot, InferenceRequest request,
        std::string target, std::string request_id, std::shared_ptr<net::ResponseWriter> writer);

  void Start();
  // Ends the answer as if the engine had gone: the gateway stops.
  void Abort();

 private:
  void SendToNextInstance();
  void OnConnected();
  void OnHead(int status, const net::Headers& headers);
  void OnBody(std::string_view bytes);
  void OnDone(const Status& status);
  void OnPeerClosed();
  void OnDrained();

  // With mutex_ held.
  bool TryAnother(const Status& status);
  void FinishBody();
  void FailAnswer(const Status& status);
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
  std::string instance_id_;  // the last one tried
  bool sent_ = false;        // an engine may have begun to work on it
  bool sent_twice_ = false;
  StreamMeter meter_;
  bool streaming_ = false;  // the answer is an event stream
  bool has_head_ = false;
  bool has_body_ = false;
  bool client_gone_ = false;
  bool ended_ = false;
  int status_ = 0;
  net::HttpResponse whole_;  // an answer that is not a stream
};

}  // namespace redline::platform
