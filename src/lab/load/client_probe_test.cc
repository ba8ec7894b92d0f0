#include "lab/load/client_probe.h"

#include <gtest/gtest.h>

#include "lab/load/self_check.h"

namespace redline::lab {
namespace {

// Loose bounds: other tests run beside this one.
TEST(ClientProbeTest, MeasuresSpeed) {
  const auto requests = ProbeRequests(2000, 16, {});
  ASSERT_TRUE(requests.ok()) << requests.status().ToString();
  EXPECT_GT(requests->per_second, 100);
  EXPECT_GT(requests->cpu_us, 0);
  const auto events = ProbeEvents(200, 200, 16, {});
  ASSERT_TRUE(events.ok()) << events.status().ToString();
  EXPECT_GT(events->per_core_second, requests->per_core_second);
}

TEST(ClientProbeTest, StampsAreTrue) {
  const auto errors = ProbeTiming({.num_requests = 16, .concurrency = 8, .output_tokens = 20}, {});
  ASSERT_TRUE(errors.ok()) << errors.status().ToString();
  EXPECT_EQ(errors->ttft_ns.count(), 16);
  EXPECT_EQ(errors->gaps_ns.count(), 16 * 19);
  EXPECT_LT(errors->ttft_ns.Quantile(0.5), 20e6);
  EXPECT_LT(errors->gaps_ns.Quantile(0.5), 5e6);
}

TEST(ClientProbeTest, SendsOnTime) {
  const auto sending = ProbeSending(1000, 0.5, {});
  ASSERT_TRUE(sending.ok()) << sending.status().ToString();
  EXPECT_EQ(sending->num_sent, 500);
  EXPECT_EQ(sending->num_failed, 0);
  EXPECT_LT(sending->error_ns.Quantile(0.5), 20e6);
}

TEST(SelfCheckTest, TellsHowMuchRoomThereIs) {
  const auto check = CheckClient(1);
  ASSERT_TRUE(check.ok()) << check.status().ToString();
  EXPECT_EQ(check->num_threads, 1);
  EXPECT_EQ(check->sending.num_failed, 0);
  // Twice the load leaves half the room; an event costs less than a request.
  const double room = check->Headroom(100, 1000);
  EXPECT_GT(room, 1);
  EXPECT_NEAR(check->Headroom(200, 2000), room / 2, 1e-6);
  EXPECT_GT(check->Headroom(0, 1000), check->Headroom(1000, 0));
}

}  // namespace
}  // namespace redline::lab
