// Asks an engine, again and again, whether it is able to answer.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/http_client.h"

namespace redline::platform {

// Owned by one thread, which calls Tick often; never blocks.
class HealthProbe {
 public:
  // `client` outlives the probe's exchanges.
  HealthProbe(net::HttpClient& client, std::string url, int expected_status,
              double timeout_seconds);
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

  // Takes in an answer that has come, and starts the next probe `period_seconds` after the last one
  // was started.
  void Tick(double period_seconds);
  // Of the latest answer.
  bool healthy() const { return healthy_; }
  int failures_in_a_row() const { return failures_; }

 private:
  struct Answer;
  void Start();
  void TakeAnswer(bool is_good);

  net::HttpClient& client_;
  const std::string url_;
  const int expected_status_;
  const double timeout_seconds_;
  std::shared_ptr<net::Exchange> exchange_;  // the client holds it too while it runs
  std::shared_ptr<Answer> answer_;           // shared with the callbacks of the probe under way
  MonotonicTime started_at_;
  bool ever_started_ = false;
  bool healthy_ = false;
  int failures_ = 0;
};

}  // namespace redline::platform
