#include "planner/simulate/scheduler_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace redline::planner {
namespace {

using ::testing::HasSubstr;
using Kind = SchedulerPolicy::Kind;

SchedulerPolicy Valid(Kind kind) {
  SchedulerPolicy policy;
  policy.kind = kind;
  policy.kv_tokens = 1000;
  return policy;
}

TEST(SchedulerPolicy, DefaultsAreValidOnceTheCacheHasASize) {
  for (const Kind kind : {Kind::kPrefillFirst, Kind::kMixed, Kind::kInflight})
    EXPECT_TRUE(ValidatePolicy(Valid(kind)).ok()) << NameOf(kind);
}

TEST(SchedulerPolicy, RefusesByFieldValueAndRemedy) {
  const struct {
    Kind kind;
    std::function<void(SchedulerPolicy&)> change;
    const char* field;
    const char* value;
  } kCases[] = {
      {Kind::kMixed, [](auto& p) { p.num_ranks = 0; }, "num_ranks", "is 0: give 1 to 1024"},
      {Kind::kMixed, [](auto& p) { p.num_ranks = 1 << 20; }, "num_ranks", "is 1048576"},
      {Kind::kMixed, [](auto& p) { p.max_running_requests = -1; }, "max_running_requests", "is -1"},
      {Kind::kMixed, [](auto& p) { p.step_token_budget = 0; }, "step_token_budget", "is 0"},
      {Kind::kMixed, [](auto& p) { p.step_token_budget = INT64_MAX; }, "step_token_budget", "give"},
      {Kind::kPrefillFirst, [](auto& p) { p.step_token_budget = -1; }, "step_token_budget", "-1"},
      {Kind::kPrefillFirst, [](auto& p) { p.max_prefill_tokens = 0; }, "max_prefill_tokens", "0"},
      {Kind::kMixed, [](auto& p) { p.page_size = 0; }, "page_size", "is 0"},
      {Kind::kMixed, [](auto& p) { p.page_size = INT64_MAX; }, "page_size", "65536"},
      {Kind::kMixed, [](auto& p) { p.kv_tokens = 0; }, "kv_tokens", "is 0"},
      {Kind::kMixed, [](auto& p) { p.kv_tokens = 63, p.page_size = 64; }, "kv_tokens", "give 64"},
      {Kind::kMixed, [](auto& p) { p.kv_tokens = INT64_MAX; }, "kv_tokens", "give"},
      {Kind::kMixed, [](auto& p) { p.draft_tokens = -1; }, "draft_tokens", "is -1"},
      {Kind::kMixed, [](auto& p) { p.acceptance_length = 0.5; }, "acceptance_length", "0.5"},
      {Kind::kMixed, [](auto& p) { p.acceptance_length = NAN; }, "acceptance_length", "nan"},
      {Kind::kMixed, [](auto& p) { p.draft_tokens = 1, p.acceptance_length = 2.1; },
       "acceptance_length", "1 to 2"},
      {Kind::kMixed, [](auto& p) { p.response_seconds = -1; }, "response_seconds", "-1"},
      {Kind::kMixed, [](auto& p) { p.frontend_seconds_per_request = INFINITY; },
       "frontend_seconds_per_request", "inf"},
      {Kind::kMixed, [](auto& p) { p.host_seconds_per_step = NAN; }, "host_seconds_per_step",
       "nan"},
      {Kind::kPrefillFirst, [](auto& p) { p.initial_new_token_ratio = 1.5; },
       "initial_new_token_ratio", "1.5"},
      {Kind::kPrefillFirst, [](auto& p) { p.min_new_token_ratio_factor = -1; },
       "min_new_token_ratio_factor", "-1"},
      {Kind::kPrefillFirst, [](auto& p) { p.new_token_ratio_decay_steps = 0; },
       "new_token_ratio_decay_steps", "0"},
      {Kind::kPrefillFirst, [](auto& p) { p.conservativeness = -0.1; }, "conservativeness", "-0.1"},
      // What changes nothing or cannot be.
      {Kind::kInflight, [](auto& p) { p.admits_whole_prompts = true; }, "admits_whole_prompts",
       "leave it out"},
      {Kind::kMixed, [](auto& p) { p.mixed_chunk = true; }, "mixed_chunk", "always mixed"},
      {Kind::kInflight, [](auto& p) { p.mixed_chunk = true; }, "mixed_chunk", "always mixed"},
      {Kind::kPrefillFirst, [](auto& p) { p.chunk_prompts = false; }, "chunk_prompts", "of 0"},
      {Kind::kPrefillFirst, [](auto& p) { p.step_token_budget = 0, p.mixed_chunk = true; },
       "mixed_chunk", "give a step_token_budget"},
      {Kind::kPrefillFirst,
       [](auto& p) { p.mixed_chunk = true, p.draft_tokens = 1, p.acceptance_length = 1.5; },
       "mixed_chunk", "speculation"},
      {Kind::kPrefillFirst, [](auto& p) { p.step_token_budget = 63, p.page_size = 64; },
       "step_token_budget", "whole pages"},
      {Kind::kMixed, [](auto& p) { p.step_token_budget = 3, p.draft_tokens = 3; },
       "step_token_budget", "1 + 3"},
  };
  for (const auto& c : kCases) {
    SchedulerPolicy policy = Valid(c.kind);
    c.change(policy);
    const Status status = ValidatePolicy(policy);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << c.field << " " << c.value;
    EXPECT_EQ(status.param(), c.field) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(c.value));
  }
}

}  // namespace
}  // namespace redline::planner
