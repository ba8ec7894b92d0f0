#include "engine/api/cancel_handle.h"

namespace redline::engine {

// The engine only queues the news, so nothing waits on anything here.
void CancelHandle::Cancel() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  cancelled_ = true;
  for (const RequestId id : ids_) engine_->Cancel(id);
}

void CancelHandle::Add(Engine* engine, RequestId id) {
  const std::lock_guard lock(mutex_);
  engine_ = engine;
  ids_.push_back(id);
  if (cancelled_) engine->Cancel(id);
}

bool CancelHandle::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

}  // namespace redline::engine
