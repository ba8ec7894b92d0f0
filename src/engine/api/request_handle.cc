#include "engine/api/request_handle.h"

namespace redline::engine {

void RequestHandle::Bind(Engine* engine, RequestId id) {
  const std::lock_guard lock(mutex_);
  engine_ = engine;
  id_ = id;
  TellEngine();
}

void RequestHandle::End(Ending ending) {
  const std::lock_guard lock(mutex_);
  if (ending_ != Ending::kNone) return;
  ending_ = ending;
  TellEngine();
}

bool RequestHandle::cancelled() const {
  const std::lock_guard lock(mutex_);
  return ending_ == Ending::kCancel;
}

// With mutex_ held. The engine only queues the news, so nothing waits on anything here.
void RequestHandle::TellEngine() const {
  if (engine_ == nullptr) return;
  if (ending_ == Ending::kCancel) engine_->Cancel(id_);
  if (ending_ == Ending::kFinish) engine_->Finish(id_);
}

}  // namespace redline::engine
