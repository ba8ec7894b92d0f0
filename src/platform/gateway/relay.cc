#include "platform/gateway/relay.h"

#include "base/log.h"
#include "base/strings.h"
#include "openai/error.h"

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

void Relay::Start() {
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
  if (!lease) {
    FailBeforeHead(
        Unavailable("no instance of " + request_.model + " is ready; try again shortly"));
    return;
  }
  lease_.emplace(std::move(*lease));
  tried_.insert(lease_->instance().id);
  net::ClientRequest request;
  request.method = "POST";
  request.url = EngineUrl(lease_->instance().endpoint, target_);
  request.headers = {{"Content-Type", "application/json"}, {"X-Request-Id", request_id_}};
  request.body = request_.body;
  request.idle_timeout_seconds = kEngineSilenceSeconds;
  net::ExchangeCallbacks callbacks;
  callbacks.on_head = [relay = shared_from_this()](int status, const net::Headers& headers) {
    relay->OnHead(status, headers);
  };
  callbacks.on_body = [relay = shared_from_this()](std::string_view bytes) {
    relay->OnBody(bytes);
  };
  callbacks.on_done = [relay = shared_from_this()](const Status& status) { relay->OnDone(status); };
  exchange_ = context_.client.Start(std::move(request), std::move(callbacks));
}

void Relay::OnHead(int status, const net::Headers& headers) {
  std::lock_guard lock(mutex_);
  has_head_ = true;
  status_ = status;
  streaming_ = IsEventStream(headers);
  if (!streaming_) {
    whole_.status = status;
    for (const char* name : {"content-type", "retry-after"}) {
      const std::string_view value = net::FindHeader(headers, name);
      if (!value.empty()) whole_.headers.emplace_back(name, value);
    }
    whole_.headers.emplace_back("X-Request-Id", request_id_);
    return;
  }
  if (client_gone_) return;
  writer_->StartStream(status, {{"Content-Type", "text/event-stream; charset=utf-8"},
                                {"Cache-Control", "no-cache"},
                                {"X-Request-Id", request_id_}});
}

void Relay::OnBody(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (client_gone_) return;
  if (streaming_) {
    Forward(meter_.Push(bytes));
  } else if (whole_.body.size() + bytes.size() <= kMaxWholeAnswerBytes) {
    whole_.body.append(bytes);
  } else {
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
  if (client_gone_) {
    End(kClientClosedRequest);
  } else if (has_head_) {
    FinishBody(status);
  } else if (!TryAnother(status)) {
    FailBeforeHead(status);
  }
}

// Nothing has come back, so nothing has reached the client: another instance may do it.
bool Relay::TryAnother(const Status& status) {
  const GatewayModel& model = *snapshot_->FindModel(request_.model);
  if (status.code() != Code::kUnavailable || tried_.size() >= model.instances.size()) return false;
  context_.metrics.UpstreamRetried(request_.model);
  SendToNextInstance();
  return true;
}

void Relay::FinishBody(const Status& status) {
  if (!status.ok()) {
    LogWarn("gateway", "request {} to {} was cut: {}", request_id_, request_.model,
            status.message());
    const Status lost = Unavailable("the engine ended before its answer was complete");
    if (!streaming_) {
      whole_ = openai::EngineUnavailableError(lost.message(), kRetryAfterSeconds);
      status_ = whole_.status;
      writer_->Send(std::move(whole_));
    } else {
      writer_->Write(openai::ErrorEvent(lost, openai::kEngineUnavailable));
      writer_->Abort();
    }
  } else if (streaming_) {
    Forward(meter_.Finish());
    if (meter_.usage()) context_.metrics.TokensServed(request_.model, *meter_.usage());
    writer_->End();
  } else {
    if (const auto usage = UsageOf(whole_.body); usage)
      context_.metrics.TokensServed(request_.model, *usage);
    writer_->Send(std::move(whole_));
  }
  End(status_);
}

void Relay::FailBeforeHead(const Status& status) {
  if (tried_.size() > 0)
    LogWarn("gateway", "request {} to {}: {}", request_id_, request_.model, status.message());
  net::HttpResponse response = openai::EngineUnavailableError(
      "no instance of " + request_.model + " answers now; try again shortly", kRetryAfterSeconds);
  const int http_status = response.status;
  writer_->Send(std::move(response));
  End(http_status);
}

void Relay::End(int http_status) {
  if (ended_) return;
  ended_ = true;
  context_.metrics.RequestEnded(request_.model, http_status, SecondsSince(begin_));
  writer_.reset();
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
