#include "engine/kernels/thread_pool.h"

#include <pthread.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/process.h"

namespace redline::engine {
namespace {

// Long enough to bridge the gaps inside a forward pass and between two steps, short enough that an
// idle engine costs nothing.
constexpr double kSpinSeconds = 200e-6;
constexpr int kPausesPerClockRead = 32;

void Pause() { __builtin_ia32_pause(); }

// Spins until `done()` or until the time is up; whether done() held.
template <typename Done>
bool SpinUntil(Done done, double seconds) {
  const MonotonicTime start = MonotonicNow();
  do {
    for (int i = 0; i < kPausesPerClockRead; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (SecondsSince(start) < seconds);
  return false;
}

}  // namespace

// A job is open while `workers_inside` >= 0. Workers that come too late find it closed and go back
// to waiting, so a sleeping worker never delays the caller. `task`, `num_tasks` and `next_task` are
// written by the caller alone, while the job is closed and no worker is inside.
struct ThreadPool::Impl {
  static constexpr int kClosed = -1;

  explicit Impl(int num_threads) : spin_seconds(num_threads > AvailableCpus() ? 0 : kSpinSeconds) {
    for (int i = 1; i < num_threads; ++i) workers.emplace_back([this, i] { WorkerLoop(i); });
  }

  ~Impl() {
    stopping.store(true);
    Signal();
    for (std::thread& worker : workers) worker.join();
  }

  void Signal() {
    epoch.fetch_add(1);
    epoch.notify_all();
  }

  void WorkerLoop(int index) {
    pthread_setname_np(pthread_self(), ("compute-" + std::to_string(index)).c_str());
    uint32_t seen_epoch = 0;
    while (!stopping.load()) {
      WaitForNewEpoch(seen_epoch);
      seen_epoch = epoch.load();
      if (!Enter()) continue;
      RunTasks();
      workers_inside.fetch_sub(1, std::memory_order_release);
    }
  }

  void WaitForNewEpoch(uint32_t seen_epoch) {
    const auto changed = [&] { return epoch.load(std::memory_order_acquire) != seen_epoch; };
    if (!SpinUntil(changed, spin_seconds)) epoch.wait(seen_epoch);
  }

  bool Enter() {
    int inside = workers_inside.load();
    while (inside >= 0) {
      if (workers_inside.compare_exchange_weak(inside, inside + 1)) return true;
    }
    return false;
  }

  void Close() {
    const auto close = [this] {
      int nobody = 0;
      return workers_inside.compare_exchange_strong(nobody, kClosed);
    };
    while (!SpinUntil(close, spin_seconds)) std::this_thread::yield();
  }

  void RunTasks() {
    for (;;) {
      const int64_t index = next_task.fetch_add(1, std::memory_order_relaxed);
      if (index >= num_tasks) return;
      (*task)(index);
    }
  }

  const double spin_seconds;
  const std::function<void(int64_t)>* task = nullptr;
  int64_t num_tasks = 0;
  alignas(64) std::atomic<int64_t> next_task{0};
  alignas(64) std::atomic<int> workers_inside{kClosed};
  alignas(64) std::atomic<uint32_t> epoch{0};  // changes whenever a job opens, or at the end
  std::atomic<bool> stopping{false};
  std::vector<std::thread> workers;  // last: they use everything above
};

ThreadPool::ThreadPool(int num_threads) : impl_(std::make_unique<Impl>(num_threads)) {}
ThreadPool::~ThreadPool() = default;

int ThreadPool::num_threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::Run(int64_t num_tasks, const std::function<void(int64_t)>& task) {
  if (num_tasks <= 1 || impl_->workers.empty()) {
    for (int64_t index = 0; index < num_tasks; ++index) task(index);
    return;
  }
  impl_->task = &task;
  impl_->num_tasks = num_tasks;
  impl_->next_task.store(0, std::memory_order_relaxed);
  impl_->workers_inside.store(0);  // open
  impl_->Signal();
  impl_->RunTasks();
  impl_->Close();
}

}  // namespace redline::engine
