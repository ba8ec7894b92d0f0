// Cancels all engine requests of one answer from any thread, before or after the engine has given
// them ids. Thread-safe.
#pragma once

#include <mutex>
#include <vector>

#include "engine/runtime/engine.h"

namespace redline::engine {

class CancelHandle {
 public:
  // The client has gone, or does not keep up: nothing more is needed.
  void Cancel();
  // A request was submitted; after a Cancel the engine hears of it now. `engine` outlives the
  // request.
  void Add(Engine* engine, RequestId id);
  bool cancelled() const;

 private:
  mutable std::mutex mutex_;  // guards the rest
  bool cancelled_ = false;
  Engine* engine_ = nullptr;
  std::vector<RequestId> ids_;
};

}  // namespace redline::engine
