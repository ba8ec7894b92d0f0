// Fault F15: the server is killed at random points; every acknowledged write is there afterwards
// and every other one is absent or complete. REDLINE_CRASH_SEEDS=1000 for the long run.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/strings.h"
#include "platform/store/store_test_util.h"

namespace redline::platform {
namespace {

class StoreCrashTest : public StoreTestBase {
 protected:
  // Writes batches and says each number into the pipe once it is acknowledged. Never returns.
  [[noreturn]] void WriteForever(int ack_fd) {
    auto store = Store::Open(path_);
    if (!store.ok()) ::_exit(1);
    for (int number = 0;; ++number) {
      if (!(*store)->Apply(BatchNumber(number)).ok()) ::_exit(2);
      if (::write(ack_fd, &number, sizeof number) != sizeof number) ::_exit(3);
    }
  }

  // Kills a writer `delay` after it has acknowledged `num_acks` batches (0: after its start, also
  // in the middle of creating the file). Returns the last acknowledged number; -1: none.
  int KillWriter(int num_acks, std::chrono::microseconds delay) {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    const pid_t child = ::fork();
    if (child == 0) WriteForever(fds[1]);
    ::close(fds[1]);
    int last = -1;
    const auto read_ack = [&] { return ::read(fds[0], &last, sizeof last) == sizeof last; };
    while (last + 1 < num_acks && read_ack()) continue;
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
    int wait_status = 0;
    ::waitpid(child, &wait_status, 0);
    EXPECT_TRUE(WIFSIGNALED(wait_status)) << "the writer failed: " << wait_status;
    while (read_ack()) continue;
    ::close(fds[0]);
    return last;
  }

  void ExpectAcknowledgedRows(int last_acknowledged) {
    auto store = Open();
    ASSERT_NE(store, nullptr);
    const auto deployments = store->Load().value().deployments;
    const int num_rows = static_cast<int>(deployments.size());
    EXPECT_GE(num_rows, last_acknowledged + 1);
    EXPECT_LE(num_rows, last_acknowledged + 2) << "at most one write was under way";
    EXPECT_EQ(store->revision(), num_rows + 1);
    for (int number = 0; number < num_rows; ++number) {
      EXPECT_EQ(deployments[static_cast<size_t>(number)].name, "d" + std::to_string(number));
      EXPECT_EQ(store->EventsOf("d" + std::to_string(number)).value().size(), 1u)
          << "half of batch " << number;
    }
  }
};

TEST_F(StoreCrashTest, AcknowledgedWritesSurviveKillAtAnyPoint) {
  const char* wanted = std::getenv("REDLINE_CRASH_SEEDS");
  const int num_seeds = wanted == nullptr ? 50 : static_cast<int>(ParseInt64(wanted).value_or(50));
  for (int seed = 0; seed < num_seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
    std::mt19937 random(static_cast<unsigned>(seed));
    const int num_acks = static_cast<int>(random() % 6);
    const int last = KillWriter(num_acks, std::chrono::microseconds(random() % 20000));
    ExpectAcknowledgedRows(last);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace redline::platform
