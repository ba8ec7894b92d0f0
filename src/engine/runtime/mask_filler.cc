#include "engine/runtime/mask_filler.h"

#include <pthread.h>

#include <utility>

namespace redline::engine {

MaskFiller::~MaskFiller() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void MaskFiller::Start(std::vector<Sequence*> sequences) {
  if (sequences.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    work_ = std::move(sequences);
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  changed_.notify_all();
}

void MaskFiller::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return work_.empty(); });
}

void MaskFiller::Run() {
  pthread_setname_np(pthread_self(), "masks");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (stopping_) return;
    lock.unlock();
    for (Sequence* sequence : work_) {
      sequence->mask_status = sequence->constraint->FillMask(sequence->mask);
    }
    lock.lock();
    work_.clear();
    changed_.notify_all();
  }
}

}  // namespace redline::engine
