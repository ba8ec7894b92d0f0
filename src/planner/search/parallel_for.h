// Independent pieces of work on a few threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace redline::planner {

// Calls work(0) ... work(count - 1), each once, in any order; returns when all are done, or when
// `is_cancelled`, which any thread asks before each piece, said so. The caller's thread works too,
// and alone calls `progress` with how many are done. None may throw.
inline void ParallelFor(size_t count, size_t num_threads, const std::function<void(size_t)>& work,
                        const std::function<void(size_t)>& progress = nullptr,
                        const std::function<bool()>& is_cancelled = nullptr) {
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  const auto run = [&](bool reports) {
    for (size_t index = next++; index < count; index = next++) {
      if (is_cancelled && is_cancelled()) return;
      work(index);
      const size_t now = ++done;
      if (reports && progress) progress(now);
    }
  };
  std::vector<std::jthread> threads;
  for (size_t each = 1; each < num_threads && each < count; ++each) {
    threads.emplace_back(run, /*reports=*/false);
  }
  run(/*reports=*/true);
}

}  // namespace redline::planner
