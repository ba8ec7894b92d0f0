#include "platform/agent/health_probe.h"

#include <atomic>

namespace redline::platform {

// Written on the client's thread.
struct HealthProbe::Answer {
  std::atomic<int> status{0};
  std::atomic<bool> done{false};
  std::atomic<bool> ok{false};
};

HealthProbe::HealthProbe(net::HttpClient& client, std::string url, int expected_status,
                         double timeout_seconds)
    : client_(client),
      url_(std::move(url)),
      expected_status_(expected_status),
      timeout_seconds_(timeout_seconds) {}

HealthProbe::~HealthProbe() {
  if (exchange_) exchange_->Cancel();
}

void HealthProbe::Tick(double period_seconds) {
  if (answer_ && answer_->done) {
    TakeAnswer(answer_->ok && answer_->status == expected_status_);
  } else if (answer_ && SecondsSince(started_at_) > timeout_seconds_) {
    exchange_->Cancel();
    TakeAnswer(false);
  }
  if (!answer_ && (!ever_started_ || SecondsSince(started_at_) >= period_seconds)) Start();
}

void HealthProbe::TakeAnswer(bool is_good) {
  healthy_ = is_good;
  failures_ = is_good ? 0 : failures_ + 1;
  answer_.reset();
  exchange_.reset();
}

void HealthProbe::Start() {
  net::ClientRequest request;
  request.url = url_;
  request.connect_timeout_seconds = timeout_seconds_;
  request.idle_timeout_seconds = timeout_seconds_;
  started_at_ = MonotonicNow();
  ever_started_ = true;
  answer_ = std::make_shared<Answer>();
  exchange_ = client_.Start(
      std::move(request),
      {.on_head = [answer = answer_](int status, const net::Headers&) { answer->status = status; },
       .on_body = [](std::string_view) {},
       .on_done =
           [answer = answer_](const Status& status) {
             answer->ok = status.ok();
             answer->done = true;
           }});
}

}  // namespace redline::platform
