// Ends a request from any thread, before or after the engine has given it an id. Thread-safe.
#pragma once

#include <mutex>

#include "engine/runtime/engine.h"

namespace redline::engine {

class RequestHandle {
 public:
  // The client has gone, or does not keep up: nothing more is needed.
  void Cancel() { End(Ending::kCancel); }
  // The answer is complete.
  void Finish() { End(Ending::kFinish); }
  // The request was submitted; if it was ended in the meantime, the engine hears of it now.
  // `engine` outlives the request.
  void Bind(Engine* engine, RequestId id);
  bool cancelled() const;

 private:
  enum class Ending { kNone, kCancel, kFinish };
  void End(Ending ending);
  void TellEngine() const;

  mutable std::mutex mutex_;  // guards the rest
  Ending ending_ = Ending::kNone;
  Engine* engine_ = nullptr;
  RequestId id_ = 0;
};

}  // namespace redline::engine
