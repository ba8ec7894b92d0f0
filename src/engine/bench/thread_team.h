// Threads that all do the same thing at once, each a part of its own. Unlike ThreadPool, thread
// `index` always has part `index`: memory stays with who touched it first.
#pragma once

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

namespace redline::engine {

// Owner: the thread that made it, which is thread 0 of the team.
class ThreadTeam {
 public:
  using Work = std::function<void(int index)>;

  explicit ThreadTeam(int num_threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // Calls work(index) once on each thread; returns when all are done.
  void Run(const Work& work);

 private:
  void Follow(int index);

  std::barrier<> start_;
  std::barrier<> end_;
  const Work* work_ = nullptr;  // null: the team ends. Written between rounds, by the owner.
  std::vector<std::thread> threads_;
};

}  // namespace redline::engine
