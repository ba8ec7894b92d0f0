#include "planner/simulate/plan_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "planner/simulate/table_plan_for_test.h"

namespace redline::planner {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<PlanClient> Client(const TablePlan& plan, int64_t concurrency) {
  spec::WorkloadSpec workload;
  workload.concurrency = concurrency;
  auto client = PlanClient::Make(plan, workload);
  EXPECT_TRUE(client.ok()) << client.status().ToString();
  return client.ok() ? std::move(*client) : nullptr;
}

void ExpectSend(PlanClient& client, uint32_t index, double intended_s, double sent_s) {
  EXPECT_DOUBLE_EQ(client.NextSendSeconds(), sent_s) << index;
  const PlanClient::Send send = client.TakeNext();
  EXPECT_EQ(send.index, index);
  EXPECT_DOUBLE_EQ(send.intended_s, intended_s) << index;
  EXPECT_DOUBLE_EQ(send.sent_s, sent_s) << index;
}

TEST(PlanClient, ClosedLoopSendsWhereAPlaceIsFree) {
  const TablePlan plan({{1, 1, -1, 0}, {1, 1, -1, 1}, {1, 1, -1, 2}, {1, 1, -1, 3}});
  const auto client = Client(plan, 2);
  ExpectSend(*client, 0, 0, 0);
  ExpectSend(*client, 1, 0, 0);
  EXPECT_TRUE(std::isinf(client->NextSendSeconds()));
  client->OnDone(1, 3);
  client->OnDone(0, 5);  // before the first place was taken again
  ExpectSend(*client, 2, 3, 3);
  ExpectSend(*client, 3, 5, 5);
  client->OnDone(2, 6);
  EXPECT_TRUE(std::isinf(client->NextSendSeconds()));
}

TEST(PlanClient, OpenLoopSendsInTheOrderOfTimes) {
  const TablePlan plan({{1, 1, 2.5, 0}, {1, 1, 1, 1}, {1, 1, 2.5, 2}});
  const auto client = Client(plan, 0);
  ExpectSend(*client, 1, 1, 1);
  ExpectSend(*client, 0, 2.5, 2.5);
  ExpectSend(*client, 2, 2.5, 2.5);
}

TEST(PlanClient, OpenLoopWaitsAtItsLimit) {
  const TablePlan plan({{1, 1, 0, 0}, {1, 1, 1, 1}, {1, 1, 9, 2}});
  const auto client = Client(plan, 1);
  ExpectSend(*client, 0, 0, 0);
  EXPECT_TRUE(std::isinf(client->NextSendSeconds()));
  client->OnDone(0, 4);
  ExpectSend(*client, 1, 1, 4);
  client->OnDone(1, 6);
  ExpectSend(*client, 2, 9, 9);
}

// A session keeps its place while its user thinks.
TEST(PlanClient, TurnsFollowTheirPauses) {
  const TablePlan plan({{1, 1, -1, 0, 0}, {3, 1, -1, 0, 1, 2}, {1, 1, -1, 1, 0}});
  const auto client = Client(plan, 1);
  ExpectSend(*client, 0, 0, 0);
  client->OnDone(0, 1);
  ExpectSend(*client, 1, 3, 3);
  client->OnDone(1, 7);
  ExpectSend(*client, 2, 7, 7);
}

TEST(PlanClient, RefusesWhatIsNeitherOpenNorClosed) {
  spec::WorkloadSpec workload;
  workload.concurrency = 1;
  const TablePlan both({{1, 1, -1, 0}, {1, 1, 2, 1}});
  EXPECT_THAT(PlanClient::Make(both, workload).status().message(), HasSubstr("others have none"));
  workload.concurrency = 0;
  const TablePlan closed({{1, 1, -1, 0}});
  EXPECT_EQ(PlanClient::Make(closed, workload).status().param(), "concurrency");
}

}  // namespace
}  // namespace redline::planner
