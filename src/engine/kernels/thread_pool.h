// The compute pool: a fixed set of threads that run one parallel loop at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace redline::engine {

class ThreadPool {
 public:
  // `num_threads` >= 1, the calling thread included; the others spin for a moment after a loop,
  // then sleep. Their names are "compute-1", "compute-2"... They are not pinned: the pool shares
  // its cores with the engine's I/O threads and often with other processes.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const;
  // Calls task(index) once for every index in [0, num_tasks), on all threads, and returns when all
  // are done. How tasks land on threads never changes a result: each task owns its outputs. One
  // caller at a time; a task must not call Run.
  void Run(int64_t num_tasks, const std::function<void(int64_t)>& task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redline::engine
