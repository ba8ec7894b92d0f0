#include "lab/metrics/request_columns.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/metrics/records_for_test.h"

namespace redline::lab {
namespace {

TEST(RequestColumns, ASmallRunIsKeptWholeInOrderOfEnd) {
  auto records = ClosedLoop(4, 25, [](int place, int) { return 100.0 + place; });
  records.push_back(RequestRecord());  // never sent
  const RequestColumns columns = MakeColumns(records);
  EXPECT_EQ(columns.size(), 100u);
  EXPECT_EQ(columns.num_requests, 100);
  EXPECT_TRUE(std::is_sorted(columns.end_ms.begin(), columns.end_ms.end()));
  EXPECT_EQ(columns.ttft_ms[0], 10);
}

TEST(RequestColumns, ALargeRunKeepsWholeBlocksFromAllOfIt) {
  const auto records = ClosedLoop(10, 10'000, [](int place, int) { return 10.0 + place * 0.001; });
  const RequestColumns columns = MakeColumns(records, 4096);
  EXPECT_EQ(columns.num_requests, 100'000);
  EXPECT_GT(columns.size(), 3900u);
  EXPECT_LE(columns.size(), 4096u);
  ASSERT_EQ(columns.block_rows, 64);
  // Neighbours within a block ended together; blocks reach from the beginning to near the end.
  for (size_t row = 0; row + 1 < columns.size(); ++row) {
    if ((row + 1) % 64 == 0) continue;
    EXPECT_LT(columns.end_ms[row + 1] - columns.end_ms[row], 12) << row;
  }
  EXPECT_LT(columns.end_ms.front(), 100);
  EXPECT_GT(columns.end_ms.back(), 95'000);
}

TEST(RequestColumns, WhatDidNotComeIsMinusOne) {
  RequestRecord record;
  record.sent_ns = 0;
  record.end_ns = Ns(5);
  record.outcome = Outcome::kTimeout;
  const std::vector<RequestRecord> records = {record};
  const RequestColumns columns = MakeColumns(records);
  EXPECT_EQ(columns.ttft_ms[0], -1);
  EXPECT_EQ(columns.e2e_ms[0], 5);
  EXPECT_EQ(columns.outcome[0], static_cast<int64_t>(Outcome::kTimeout));
}

}  // namespace
}  // namespace redline::lab
