// A server with known timing: /v1/chat/completions, /v1/completions, SGLang's /generate, streamed
// or not, /v1/models and /health. It answers with as many tokens as are asked for, on time, and
// records when. Used by `redline mock-server`, and inside the process by self-checks and tests.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "lab/mock/mock_options.h"
#include "lab/mock/mock_thread.h"
#include "lab/mock/truth_log.h"

namespace redline::lab {

class MockServer {
 public:
  // Listens and starts its threads.
  static Result<std::unique_ptr<MockServer>> Start(const MockOptions& options);

  int port() const { return port_; }
  // Closes every connection and ends the threads; the truth is complete then.
  void Stop() { threads_.clear(); }
  // With keep_truth, after Stop().
  std::vector<TruthEvent> TakeTruth() { return truth_.Take(); }

 private:
  MockServer() = default;

  TruthLog truth_;
  int port_ = 0;
  std::vector<std::unique_ptr<MockThread>> threads_;  // after truth_: they end before it
};

}  // namespace redline::lab
