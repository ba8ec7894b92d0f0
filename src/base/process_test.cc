#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/ids.h"

namespace redline {
namespace {

TEST(Process, SpawnRedirectsAndPassesEnvironment) {
  const auto path = std::filesystem::path(testing::TempDir()) / NewId("spawn");
  auto pid = Spawn({.argv = {"sh", "-c", "echo $GREETING; ls /proc/self/fd | wc -l"},
                    .env = {{"GREETING", "hello"}},
                    .stdout_path = path});
  ASSERT_TRUE(pid.ok()) << pid.status().ToString();
  int status = 0;
  ASSERT_EQ(waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(DescribeWaitStatus(status), "exit code 0");
  EXPECT_EQ(*ReadFile(path), "hello\n4\n");  // 0, 1, 2 and ls's own
  std::filesystem::remove(path);
}

TEST(Process, SpawnReportsAMissingProgram) {
  const Status status = Spawn({.argv = {"no-such-program-here"}}).status();
  EXPECT_EQ(status.code(), Code::kNotFound) << status.ToString();
}

TEST(Process, StartTimeTellsAProcessFromItsSuccessor) {
  auto pid = Spawn({.argv = {"sleep", "60"}});
  ASSERT_TRUE(pid.ok());
  const auto start = ProcessStartTime(*pid);
  ASSERT_TRUE(start);
  EXPECT_TRUE(ProcessAlive(*pid, *start));
  EXPECT_FALSE(ProcessAlive(*pid, *start + 1));
  kill(*pid, SIGKILL);
  int status = 0;
  waitpid(*pid, &status, 0);
  EXPECT_FALSE(ProcessAlive(*pid, *start));
  EXPECT_EQ(DescribeWaitStatus(status), "killed by signal 9 (Killed)");
}

TEST(Process, MachineFacts) {
  EXPECT_GT(AvailableMemoryBytes(), 0u);
  EXPECT_GE(TotalMemoryBytes(), AvailableMemoryBytes());
  EXPECT_GE(AvailableCpus(), 1);
  EXPECT_GT(ProcessRssBytes(getpid()), 0u);
}

}  // namespace
}  // namespace redline
