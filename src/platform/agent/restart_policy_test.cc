#include "platform/agent/restart_policy.h"

#include <gtest/gtest.h>

namespace redline::platform {
namespace {

MonotonicTime At(double seconds) {
  return MonotonicTime() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}
constexpr double kNeverReady = -1;

TEST(RestartPolicyTest, ExitsBeforeReadyBackOff) {
  RestartPolicy policy({});
  for (const double expected : {10, 20, 40, 80, 160, 300, 300, 300})
    EXPECT_EQ(policy.OnExit(At(0), kNeverReady), expected);
  EXPECT_EQ(policy.failures_in_a_row(), 8);
}

TEST(RestartPolicyTest, FirstRestartAfterAReadyPeriodIsImmediate) {
  RestartPolicy policy({});
  EXPECT_EQ(policy.OnExit(At(0), kNeverReady), 10);
  EXPECT_EQ(policy.OnExit(At(100), 5), 0);
  EXPECT_EQ(policy.OnExit(At(101), kNeverReady), 20) << "a short ready period forgives nothing";
}

TEST(RestartPolicyTest, TenHealthyMinutesForgiveAll) {
  RestartPolicy policy({});
  for (int count = 0; count < 5; ++count) policy.OnExit(At(0), kNeverReady);
  EXPECT_EQ(policy.OnExit(At(1000), 600), 0);
  EXPECT_EQ(policy.failures_in_a_row(), 0);
  EXPECT_EQ(policy.OnExit(At(1001), kNeverReady), 10);
}

TEST(RestartPolicyTest, DyingAgainAndAgainAfterReadyBacksOff) {
  RestartPolicy policy({});
  for (int count = 0; count < 3; ++count) EXPECT_EQ(policy.OnExit(At(count), 0.5), 0);
  EXPECT_EQ(policy.OnExit(At(4), 0.5), 10);
  EXPECT_EQ(policy.OnExit(At(15), 0.5), 20);
  EXPECT_EQ(policy.OnExit(At(70), 0.5), 0) << "the minute is over";
}

TEST(RestartPolicyTest, OtherFailuresCountToo) {
  RestartPolicy policy({});
  EXPECT_EQ(policy.OnFailure(), 10);
  EXPECT_EQ(policy.OnExit(At(0), kNeverReady), 20);
  for (int count = 0; count < 100; ++count) policy.OnFailure();
  EXPECT_EQ(policy.OnFailure(), 300);
}

}  // namespace
}  // namespace redline::platform
