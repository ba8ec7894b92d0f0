#include "engine/kernels/thread_pool.h"

#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace redline::engine {
namespace {

TEST(ThreadPoolTest, RunsEveryTaskOnce) {
  for (const int num_threads : {1, 2, 5}) {
    ThreadPool pool(num_threads);
    EXPECT_EQ(pool.num_threads(), num_threads);
    for (const int64_t num_tasks : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(num_tasks));
      pool.Run(num_tasks, [&](int64_t index) { calls[static_cast<size_t>(index)].fetch_add(1); });
      for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
    }
  }
}

TEST(ThreadPoolTest, WritesOfTasksAreVisibleAfterRun) {
  ThreadPool pool(3);
  std::vector<int64_t> values(64);
  for (int64_t round = 0; round < 2000; ++round) {
    pool.Run(64, [&](int64_t index) { values[static_cast<size_t>(index)] += round; });
  }
  for (const int64_t value : values) EXPECT_EQ(value, 2000 * 1999 / 2);
}

double ProcessCpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

TEST(ThreadPoolTest, IdlePoolUsesNoCpu) {
  ThreadPool pool(2);
  pool.Run(8, [](int64_t) {});
  double used = 1;  // of 200 ms; workers may look for more to do for a while
  for (int attempt = 0; attempt < 20 && used >= 0.02; ++attempt) {
    const double before = ProcessCpuSeconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    used = ProcessCpuSeconds() - before;
  }
  EXPECT_LT(used, 0.02);
  int64_t sum = 0;
  pool.Run(1, [&](int64_t) { sum = 7; });
  EXPECT_EQ(sum, 7);
}

}  // namespace
}  // namespace redline::engine
