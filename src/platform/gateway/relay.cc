#include "platform/gateway/relay.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "openai/error.h"
#include "openai/headers.h"

namespace redline::platform {
namespace {

constexpr size_t kPauseAboveBytes = 256 << 10;
constexpr size_t kMaxWholeAnswerBytes = size_t{64} << 20;
constexpr double kEngineSilenceSeconds = 600;  // a long prompt's first token on a slow machine
constexpr int kRetryAfterSeconds = 1;
constexpr int kClientClosedRequest = 499;

std::string EngineUrl(const std::string& endpoint, const std::string& target) {
  return endpoint.starts_with("unix:") ? endpoint + ":" + target : endpoint + target;
}

bool IsEventStream(const net::Headers& headers) {
  return net::FindHeader(headers, "content-type").starts_with("text/event-stream");
}

}  // namespace

Relay::Relay(RelayContext context, std::shared_ptr<const Snapshot> snapshot,
             InferenceRequest request, std::string target, std::string request_id,
             std::shared_ptr<net::ResponseWriter> writer)
    : context_(context),
      snapshot_(std::move(snapshot)),
      request_(std::move(request)),
      target_(std::move(target)),
      request_id_(std::move(request_id)),
      writer_(std::move(writer)),
      meter_(request_.strip_usage) {}

void RunningRelays::Add(const std::shared_ptr<Relay>& relay) {
  const std::lock_guard lock(mutex_);
  relays_[relay.get()] = relay;
}

void RunningRelays::Remove(const Relay* relay) {
  const std::lock_guard lock(mutex_);
  relays_.erase(relay);
}

void RunningRelays::AbortAll() {
  std::vector<std::shared_ptr<Relay>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : relays_) {
      if (auto relay = weak.lock()) all.push_back(std::move(relay));
    }
  }
  for (const auto& relay : all) relay->Abort();
}

void Relay::Start() {
  context_.running.Add(shared_from_this());
  std::lock_guard lock(mutex_);
  context_.metrics.RequestStarted();
  writer_->OnPeerClosed([weak = weak_from_this()] {
    if (auto relay = weak.lock()) relay->OnPeerClosed();
  });
  writer_->OnDrained([weak = weak_from_this()] {
    if (auto relay = weak.lock()) relay->OnDrained();
  });
  SendToNextInstance();
}

void Relay::SendToNextInstance() {
  lease_.reset();
  auto lease = context_.balancer.Pick(*snapshot_->FindModel(request_.model), tried_);
  if (!lease) return FailAnswer(Unavailable("no instance of " + request_.model + " is running"));
  lease_.emplace(std::move(*lease));
  instance_id_ = lease_->instance().id;
  tried_.insert(instance_id_);
  net::ClientRequest request;
  request.method = "POST";
  request.url = EngineUrl(lease_->instance().endpoint, target_);
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Request-Id", request_id_},
                     {std::string(openai::kTenantHeader), request_.tenant}};
  request.body = request_.body;
  request.idle_timeout_seconds = kEngineSilenceSeconds;
  net::ExchangeCallbacks callbacks;
  callbacks.on_connected = [relay = shared_from_this()] { relay->OnConnected(); };
  callbacks.on_head = [relay = shared_from_this()](int status, const net::Headers& headers) {
    relay->OnHead(status, headers);
  };
  callbacks.on_body = [relay = shared_from_this()](std::string_view bytes) {
    relay->OnBody(bytes);
  };
  callbacks.on_done = [relay = shared_from_this()](const Status& status) { relay->OnDone(status); };
  exchange_ = context_.client.Start(std::move(request), std::move(callbacks));
}

void Relay::OnConnected() {
  std::lock_guard lock(mutex_);
  sent_twice_ = sent_;
  sent_ = true;
}

void Relay::OnHead(int status, const net::Headers& headers) {
  std::lock_guard lock(mutex_);
  if (ended_ || client_gone_) return;
  has_head_ = true;
  status_ = status;
  streaming_ = IsEventStream(headers);
  if (streaming_) {
    return writer_->StartStream(status, {{"Content-Type", "text/event-stream; charset=utf-8"},
                                         {"Cache-Control", "no-cache"},
                                         {"X-Request-Id", request_id_}});
  }
  whole_.status = status;
  for (const char* name : {"Content-Type", "Retry-After"}) {
    const std::string_view value = net::FindHeader(headers, name);
    if (!value.empty()) whole_.headers.emplace_back(name, value);
  }
  whole_.headers.emplace_back("X-Request-Id", request_id_);
}

void Relay::OnBody(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (ended_ || client_gone_) return;
  if (streaming_) {
    if (!std::exchange(has_body_, true))
      context_.metrics.FirstByte(request_.model, SecondsSince(begin_));
    Forward(meter_.Push(bytes));
  } else if (whole_.body.size() + bytes.size() <= kMaxWholeAnswerBytes) {
    whole_.body.append(bytes);
  } else {
    FailAnswer(Unavailable("the engine's answer has no end"));
    exchange_->Cancel();
  }
}

void Relay::Forward(std::string bytes) {
  if (bytes.empty()) return;
  if (!writer_->Write(std::move(bytes))) {
    client_gone_ = true;
    exchange_->Cancel();
  } else if (writer_->BufferedBytes() > kPauseAboveBytes) {
    exchange_->SetPaused(true);
  }
}

void Relay::OnDone(const Status& status) {
  std::lock_guard lock(mutex_);
  lease_.reset();
  if (ended_) return;
  if (client_gone_) return End(kClientClosedRequest);
  if (status.ok()) return FinishBody();
  LogWarn("gateway", "request {} to {} (instance {}): {}", request_id_, request_.model,
          instance_id_, status.message());
  if (!has_head_ && TryAnother(status)) return;
  FailAnswer(status);
}

// Nothing has come back, so nothing has reached the client: another instance may do it. A request
// that an engine had received is sent on only once: it may be what the engine died of.
bool Relay::TryAnother(const Status& status) {
  const GatewayModel& model = *snapshot_->FindModel(request_.model);
  if (status.code() != Code::kUnavailable || sent_twice_) return false;
  if (tried_.size() >= model.instances.size()) return false;
  context_.metrics.UpstreamRetried(request_.model);
  SendToNextInstance();
  return true;
}

void Relay::FinishBody() {
  if (streaming_) {
    Forward(meter_.Finish());
    if (meter_.usage()) context_.metrics.TokensServed(request_.model, *meter_.usage());
    writer_->End();
  } else {
    if (const auto usage = UsageOf(whole_.body))
      context_.metrics.TokensServed(request_.model, *usage);
    writer_->Send(std::move(whole_));
  }
  End(status_);
}

// The engine did not answer, or not to the end. A stream that has begun ends with an error event
// and a closed connection, so that nobody takes it for complete.
void Relay::FailAnswer(const Status& status) {
  const bool timed_out = status.code() == Code::kDeadlineExceeded;
  const std::string message =
      fmt::format("{0} of {1}; try again shortly (redline describe {1} tells what it does)",
                  has_head_   ? "the answer was cut: lost the instance"
                  : timed_out ? "no answer in time from the instance"
                              : "no instance answers now",
                  request_.model);
  const net::HttpResponse response = openai::EngineUnavailableError(message, kRetryAfterSeconds);
  if (streaming_) {
    writer_->Write(openai::ErrorEvent(Unavailable(message), openai::kEngineUnavailable));
    writer_->Abort();
  } else {
    writer_->Send(response);
  }
  End(response.status);
}

void Relay::End(int http_status) {
  if (std::exchange(ended_, true)) return;
  context_.metrics.RequestEnded(request_.model, http_status, SecondsSince(begin_));
  context_.running.Remove(this);
  writer_.reset();
}

void Relay::Abort() {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  if (client_gone_) return End(kClientClosedRequest);
  FailAnswer(Unavailable("the gateway is stopping"));
  if (exchange_) exchange_->Cancel();
}

void Relay::OnPeerClosed() {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  client_gone_ = true;
  if (exchange_) exchange_->Cancel();
}

void Relay::OnDrained() {
  std::lock_guard lock(mutex_);
  if (!ended_ && exchange_) exchange_->SetPaused(false);
}

}  // namespace redline::platform
