#include "workload/plan_summary.h"

#include <gtest/gtest.h>

#include <set>

namespace redline::workload {
namespace {

std::unique_ptr<RequestPlan> Plan(const std::string& yaml, uint64_t seed) {
  const auto spec = spec::WorkloadFromYaml("name: w\n" + yaml);
  EXPECT_TRUE(spec.ok()) << spec.status().ToString();
  auto plan = MakePlan(*spec, seed);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return std::move(*plan);
}

TEST(PlanSummary, CountsLengths) {
  const PlanSummary summary =
      Summarize(*Plan("input_tokens: {distribution: uniform, min: 1, max: 100}\noutput_tokens: 7\n"
                      "num_requests: 10000\nsessions: {turns: 1}",
                      1));
  EXPECT_EQ(summary.num_requests, 10'000);
  EXPECT_EQ(summary.num_sessions, 10'000);
  EXPECT_EQ(summary.num_unknown_inputs, 0);
  EXPECT_EQ(summary.output.total, 70'000);
  EXPECT_EQ(summary.output.p50, 7);
  EXPECT_EQ(summary.output.histogram, (std::vector<int64_t>{0, 0, 10'000}));
  EXPECT_EQ(summary.input.min, 1);
  EXPECT_EQ(summary.input.max, 100);
  EXPECT_NEAR(summary.input.mean, 50.5, 1);
  EXPECT_NEAR(static_cast<double>(summary.input.p90), 90, 2);
  EXPECT_EQ(summary.input.histogram.size(), 7u);
  EXPECT_NEAR(static_cast<double>(summary.input.histogram[4]), 1600, 150);  // 16 to 31
  EXPECT_EQ(summary.last_intended_s, -1);
}

TEST(PlanSummary, SharedTokensAreWhatRequestsOweEachOther) {
  struct Case {
    const char* workload;
    int64_t shared;
  };
  const std::string base = "input_tokens: 50\noutput_tokens: 7\nnum_requests: 10\n";
  const Case cases[] = {
      {"", 0},
      {"prefix: {groups: 1, tokens: 20}", 9 * 20},
      {"prefix: {groups: 2, tokens: 20}", 8 * 20},
      {"prefix: {groups: 1, tokens: 50}", 9 * 50},
      {"sessions: {turns: 2}", 5 * 57},
  };
  for (const Case& c : cases)
    EXPECT_EQ(SharedPromptTokens(*Plan(base + c.workload, 1)), c.shared) << c.workload;
}

// Whatever changes a request changes the hash.
TEST(PlanSummary, HashTellsPlansApart) {
  const std::string base = "input_tokens: 50\noutput_tokens: 7\n";
  std::set<uint64_t> hashes = {DatasetHash(*Plan(base, 1)), DatasetHash(*Plan(base, 2))};
  const char* kChanges[] = {
      "num_requests: 99",
      "arrivals: burst",
      "arrivals: {process: poisson, rate: 5}",
      "arrivals: {process: poisson, rate: 5.1}",
      "prefix: {groups: 2, tokens: 5}",
      "prefix: {groups: 2, tokens: 6}",
      "sessions: {turns: 2}",
      "sessions: {turns: 2, think_seconds: 1}",
      "slo_classes: [{name: a, share: 0.5}, {name: b, share: 0.5}]",
  };
  for (const char* change : kChanges) hashes.insert(DatasetHash(*Plan(base + change, 1)));
  EXPECT_EQ(hashes.size(), 2 + std::size(kChanges));
  // What is no part of a request does not.
  EXPECT_EQ(DatasetHash(*Plan(base, 1)), DatasetHash(*Plan(base + "concurrency: 3", 1)));
}

TEST(PlanSummary, HashIsTheSameEverywhere) {
  EXPECT_EQ(FormatHash(DatasetHash(*Plan("input_tokens: 50\noutput_tokens: 7", 1))),
            "e4c2433bf2d3982e");
}

}  // namespace
}  // namespace redline::workload
