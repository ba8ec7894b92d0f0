#include "lab/metrics/validity.h"

#include <gtest/gtest.h>

namespace redline::lab {
namespace {

LoadHealth Healthy() {
  return {.client_cpu_share_max = 0.3,
          .schedule_lag_p99_ms = 0.2,
          .schedule_lag_max_ms = 3,
          .read_delay_p99_ms = 0.1,
          .headroom = 10,
          .ttft_mean_ms = 50,
          .num_planned = 1000,
          .num_sent = 1000};
}

TEST(Validity, AHealthyRunIsValid) { EXPECT_TRUE(InvalidReasons(Healthy()).empty()); }

TEST(Validity, WhatWasNotMeasuredBreaksNothing) {
  EXPECT_TRUE(InvalidReasons({.num_planned = 1, .num_sent = 1}).empty());
}

TEST(Validity, EachRuleHasItsReason) {
  struct Case {
    const char* rule;
    void (*spoil)(LoadHealth&);
  };
  const Case cases[] = {{"client_busy", [](LoadHealth& h) { h.client_cpu_share_max = 0.71; }},
                        {"no_headroom", [](LoadHealth& h) { h.headroom = 1.2; }},
                        {"schedule_slipped", [](LoadHealth& h) { h.schedule_lag_p99_ms = 1.1; }},
                        {"read_late", [](LoadHealth& h) { h.read_delay_p99_ms = 1.1; }},
                        {"usage_mismatch", [](LoadHealth& h) { h.num_usage_mismatch = 1; }},
                        {"too_many_errors", [](LoadHealth& h) { h.num_failed = 11; }},
                        {"not_all_sent", [](LoadHealth& h) { h.num_not_sent = 1; }},
                        {"seen_before", [](LoadHealth& h) {
                           h.num_prompt_tokens = 2'000'000;
                           h.num_cached_tokens = 200'000;
                           h.num_shared_tokens = 0;
                         }}};
  for (const Case& c : cases) {
    LoadHealth health = Healthy();
    c.spoil(health);
    const auto reasons = InvalidReasons(health);
    ASSERT_EQ(reasons.size(), 1u) << c.rule;
    EXPECT_EQ(reasons[0].rfind(std::string(c.rule) + ": ", 0), 0u) << reasons[0];
  }
  const auto nothing = InvalidReasons({.num_planned = 5, .num_sent = 5, .num_failed = 5});
  EXPECT_EQ(nothing.size(), 2u);
}

TEST(Validity, LateSendingMayBeOnePercentOfALongTtft) {
  LoadHealth health = Healthy();
  health.schedule_lag_p99_ms = 15;
  health.ttft_mean_ms = 2000;
  EXPECT_TRUE(InvalidReasons(health).empty());
}

TEST(Validity, CachedTokensMayBeWhatRequestsShareAndTheirTemplate) {
  LoadHealth health = Healthy();
  health.num_prompt_tokens = 1'000'000;
  health.num_shared_tokens = 500'000;
  health.num_cached_tokens = 500'000 + 50'000 + 64'000;
  EXPECT_TRUE(InvalidReasons(health).empty());
  health.num_cached_tokens += 1;
  EXPECT_EQ(InvalidReasons(health).size(), 1u);
  health.num_shared_tokens = -1;  // not known
  EXPECT_TRUE(InvalidReasons(health).empty());
}

TEST(Validity, LateReadingMayBeHalfAGap) {
  LoadHealth health = Healthy();
  health.read_delay_p99_ms = 9;
  health.gap_mean_ms = 20;
  EXPECT_TRUE(InvalidReasons(health).empty());
  health.gap_mean_ms = 16;
  EXPECT_EQ(InvalidReasons(health).size(), 1u);
}

}  // namespace
}  // namespace redline::lab
