// SIGINT and SIGTERM as a request to stop what can be gone on with later.
#pragma once

#include <stop_token>
#include <thread>

namespace redline::app {

// Takes over both for the threads that are started while it lives.
class InterruptWatch {
 public:
  explicit InterruptWatch(std::stop_source source);

 private:
  std::jthread thread_;
};

}  // namespace redline::app
