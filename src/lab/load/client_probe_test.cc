#include "lab/load/client_probe.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace redline::lab
