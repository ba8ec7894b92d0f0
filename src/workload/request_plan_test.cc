#include "workload/request_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "workload/plan_summary.h"

namespace redline::workload {
namespace {

using ::testing::HasSubstr;

spec::WorkloadSpec Spec(const std::string& yaml) {
  const auto spec = spec::WorkloadFromYaml("name: w\n" + yaml);
  EXPECT_TRUE(spec.ok()) << yaml << "\n" << spec.status().ToString();
  return spec.ok() ? *spec : spec::WorkloadSpec{};
}

std::unique_ptr<RequestPlan> Plan(const std::string& yaml, uint64_t seed = 42) {
  auto plan = MakePlan(Spec(yaml), seed);
  EXPECT_TRUE(plan.ok()) << yaml << "\n" << plan.status().ToString();
  return plan.ok() ? std::move(*plan) : nullptr;
}

std::vector<uint32_t> Prompt(const RequestPlan& plan, size_t index) {
  std::vector<uint32_t> numbers;
  plan.AppendPromptNumbers(index, numbers);
  return numbers;
}

// How many numbers two prompts share at their beginning.
size_t Shared(const std::vector<uint32_t>& left, const std::vector<uint32_t>& right) {
  const size_t length = std::min(left.size(), right.size());
  return static_cast<size_t>(
      std::mismatch(left.begin(), left.begin() + static_cast<ptrdiff_t>(length), right.begin())
          .first -
      left.begin());
}

// The requests of a seed are part of the product's promise: results stay comparable.
TEST(RequestPlan, Golden) {
  const auto plan = Plan(
      "input_tokens: {distribution: lognormal, mean: 500, stddev: 300}\n"
      "output_tokens: {distribution: sharegpt}\nnum_requests: 1000\n"
      "arrivals: {process: gamma, rate: 10, burstiness: 0.5}\n"
      "slo_classes: [{name: a, share: 0.5}, {name: b, share: 0.5}]");
  ASSERT_NE(plan, nullptr);
  const struct {
    size_t index;
    int32_t input_tokens;
    int32_t output_tokens;
    double intended_s;
    uint16_t slo_class;
    uint32_t first;
  } kCases[] = {
      {0, 629, 64, 0.10622246796944876, 1, 2226416711},
      {1, 371, 67, 0.16380502764759733, 0, 299757190},
      {999, 365, 136, 100, 0, 3228588080},
  };
  for (const auto& c : kCases) {
    const PlannedRequest request = plan->At(c.index);
    EXPECT_EQ(request.index, c.index);
    EXPECT_EQ(request.input_tokens, c.input_tokens) << c.index;
    EXPECT_EQ(request.output_tokens, c.output_tokens) << c.index;
    EXPECT_NEAR(request.intended_s, c.intended_s, 1e-9) << c.index;
    EXPECT_EQ(request.slo_class, c.slo_class) << c.index;
    EXPECT_EQ(Prompt(*plan, c.index)[0], c.first) << c.index;
  }
}

TEST(RequestPlan, PromptsHaveTheirLengthsAndDiffer) {
  const auto plan =
      Plan("input_tokens: {distribution: uniform, min: 1, max: 99}\noutput_tokens: 5");
  ASSERT_EQ(plan->size(), 100u);
  for (size_t index = 0; index < plan->size(); ++index) {
    EXPECT_EQ(Prompt(*plan, index).size(), static_cast<size_t>(plan->At(index).input_tokens));
    EXPECT_EQ(Shared(Prompt(*plan, index), Prompt(*plan, (index + 1) % 100)), 0u);
    EXPECT_EQ(plan->At(index).session, index);
    EXPECT_LT(plan->At(index).intended_s, 0);
    EXPECT_EQ(plan->TextOf(index), "");
  }
}

// The simulator's prefix cache knows pieces alone: they must spell what is sent.
TEST(RequestPlan, PiecesSpellThePrompt) {
  const auto plan = Plan(
      "input_tokens: {distribution: uniform, min: 20, max: 99}\noutput_tokens: 5\n"
      "prefix: {groups: 2, tokens: 16}\nsessions: {turns: 3}\nnum_requests: 12");
  ASSERT_NE(plan, nullptr);
  for (size_t index = 0; index < plan->size(); ++index) {
    std::vector<PromptPiece> pieces;
    plan->AppendPieces(index, pieces);
    std::vector<uint32_t> numbers;
    for (const PromptPiece& piece : pieces) AppendNumbers(piece, numbers);
    EXPECT_EQ(numbers, Prompt(*plan, index)) << index;
    if (index % 3 == 2) continue;
    std::vector<PromptPiece> later;
    plan->AppendPieces(index + 1, later);
    EXPECT_EQ(later[pieces.size()].key, plan->AnswerOf(index).key) << index;
    EXPECT_EQ(later[pieces.size()].num_tokens, 5) << index;
  }
}

TEST(RequestPlan, SeedDecides) {
  const std::string yaml =
      "input_tokens: {distribution: normal, mean: 50, stddev: 20}\n"
      "output_tokens: 5\narrivals: {process: poisson, rate: 3}";
  const auto one = Plan(yaml, 1);
  const auto again = Plan(yaml, 1);
  const auto two = Plan(yaml, 2);
  size_t num_alike = 0;
  for (size_t index = 0; index < one->size(); ++index) {
    EXPECT_EQ(one->At(index).input_tokens, again->At(index).input_tokens);
    EXPECT_EQ(one->At(index).intended_s, again->At(index).intended_s);
    EXPECT_EQ(Prompt(*one, index), Prompt(*again, index));
    if (one->At(index).input_tokens == two->At(index).input_tokens) ++num_alike;
    EXPECT_EQ(Shared(Prompt(*one, index), Prompt(*two, index)), 0u);
  }
  EXPECT_LT(num_alike, 20u);
}

// A shorter run is the beginning of a longer one, times apart.
TEST(RequestPlan, FewerRequestsAreTheFirstOnes) {
  const std::string yaml =
      "input_tokens: {distribution: normal, mean: 50, stddev: 20}\noutput_tokens: 5\n";
  const auto all = Plan(yaml);
  const auto few = Plan(yaml + "num_requests: 7");
  for (size_t index = 0; index < few->size(); ++index)
    EXPECT_EQ(Prompt(*all, index), Prompt(*few, index));
}

TEST(RequestPlan, GroupsSharePrefixes) {
  const auto plan =
      Plan("input_tokens: 100\noutput_tokens: 5\nprefix: {groups: 3, tokens: 64}\nnum_requests: 9");
  for (size_t left = 0; left < 9; ++left) {
    for (size_t right = left + 1; right < 9; ++right)
      EXPECT_EQ(Shared(Prompt(*plan, left), Prompt(*plan, right)),
                left % 3 == right % 3 ? 64u : 0u);
  }
}

TEST(RequestPlan, SessionsGrow) {
  const auto plan = Plan(
      "input_tokens: {distribution: uniform, min: 60, max: 90}\n"
      "output_tokens: {distribution: uniform, min: 10, max: 20}\n"
      "sessions: {turns: 4, think_seconds: 2}\nprefix: {groups: 2, tokens: 32}\n"
      "num_requests: 10\narrivals: {process: constant, rate: 8}");
  for (size_t index = 0; index < plan->size(); ++index) {
    const PlannedRequest request = plan->At(index);
    EXPECT_EQ(request.session, index / 4);
    EXPECT_EQ(request.turn, index % 4);
    const auto prompt = Prompt(*plan, index);
    EXPECT_EQ(prompt.size(), static_cast<size_t>(request.input_tokens));
    if (request.turn == 0) {
      // A quarter of 8 requests a second begin sessions.
      EXPECT_NEAR(request.intended_s, static_cast<double>(request.session) / 2, 1e-12);
      EXPECT_EQ(request.think_s, 0);
      continue;
    }
    EXPECT_LT(request.intended_s, 0);
    EXPECT_GT(request.think_s, 0);
    const PlannedRequest before = plan->At(index - 1);
    EXPECT_EQ(Shared(prompt, Prompt(*plan, index - 1)), static_cast<size_t>(before.input_tokens));
    const int32_t added = request.input_tokens - before.input_tokens - before.output_tokens;
    EXPECT_GE(added, 60);
    EXPECT_LE(added, 90);
  }
  EXPECT_EQ(Shared(Prompt(*plan, 0), Prompt(*plan, 8)), 32u);
  EXPECT_EQ(Shared(Prompt(*plan, 0), Prompt(*plan, 4)), 0u);
}

TEST(RequestPlan, ThinkTimesHaveTheirMean) {
  const auto plan = Plan(
      "input_tokens: 1\noutput_tokens: 1\nsessions: {turns: 2, think_seconds: 3}\n"
      "num_requests: 20000");
  double sum = 0;
  for (size_t index = 1; index < plan->size(); index += 2) sum += plan->At(index).think_s;
  EXPECT_NEAR(sum / 10'000, 3, 0.1);
}

TEST(RequestPlan, ClassesHaveTheirShares) {
  const auto plan = Plan(
      "input_tokens: 1\noutput_tokens: 1\nnum_requests: 10000\n"
      "slo_classes: [{name: a, share: 0.2}, {name: b, share: 0.5}, "
      "{name: c, share: 0.3}]");
  std::vector<int> counts(3);
  for (size_t index = 0; index < plan->size(); ++index) ++counts[plan->At(index).slo_class];
  EXPECT_NEAR(counts[0], 2000, 150);
  EXPECT_NEAR(counts[1], 5000, 150);
  EXPECT_NEAR(counts[2], 3000, 150);
}

TEST(RequestPlan, RefusesPromptsBeyondAllLimits) {
  const auto plan =
      MakePlan(Spec("input_tokens: 2000000\noutput_tokens: 1\nsessions: {turns: 256}\n"
                    "num_requests: 256"),
               1);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.status().message(), HasSubstr("turn 9 has 18000008 tokens; at most 16777216"));
}

TEST(RequestPlan, RefusesTimesBeyondAllLimits) {
  const auto plan = MakePlan(Spec("input_tokens: 8\noutput_tokens: 1\nnum_requests: 100000\n"
                                  "arrivals: {process: poisson, rate: 1e-6}"),
                             1);
  EXPECT_EQ(plan.status().param(), "arrivals");
  EXPECT_THAT(plan.status().message(), HasSubstr("raise the rate"));
}

class DatasetPlan : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  // A file and what the workload says besides.
  Result<std::unique_ptr<RequestPlan>> Make(const std::string& format, const std::string& bytes,
                                            const std::string& yaml) {
    EXPECT_TRUE(WriteFileAtomic(path_, bytes).ok());
    std::string dataset = "dataset: {format: " + format + ", path: " + path_;
    if (yaml.starts_with(",")) return MakePlan(Spec(dataset + yaml), 42);
    return MakePlan(Spec(dataset + "}\n" + yaml), 42);
  }
  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("plan_test." + std::to_string(getpid()))).string();
};

constexpr const char* kMooncake =
    R"({"timestamp": 2000, "input_length": 1300, "output_length": 5, "hash_ids": [0, 1, 2]}
{"timestamp": 1000, "input_length": 1200, "output_length": 0, "hash_ids": [0, 1, 7]}
{"timestamp": 3000, "input_length": 700, "output_length": 9, "hash_ids": [0]}
)";

TEST_F(DatasetPlan, MooncakeBlocksAreShared) {
  const auto plan = Make("mooncake", kMooncake, "");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_EQ((*plan)->size(), 3u);
  EXPECT_EQ((*plan)->At(0).input_tokens, 1300);
  EXPECT_EQ((*plan)->At(1).output_tokens, 1);  // an answer has a token at least
  EXPECT_EQ(Prompt(**plan, 0).size(), 1300u);
  EXPECT_EQ(Shared(Prompt(**plan, 0), Prompt(**plan, 1)), 1024u);
  // Beyond its only block the third is its own.
  EXPECT_EQ(Prompt(**plan, 2).size(), 700u);
  EXPECT_EQ(Shared(Prompt(**plan, 0), Prompt(**plan, 2)), 512u);
}

TEST_F(DatasetPlan, LengthScaleKeepsTheSharing) {
  const auto plan = Make("mooncake", kMooncake, ", length_scale: 0.125}");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ((*plan)->At(0).input_tokens, 163);
  EXPECT_EQ(Shared(Prompt(**plan, 0), Prompt(**plan, 1)), 128u);
}

TEST_F(DatasetPlan, TraceTimesInOrderFromZero) {
  const auto plan = Make("mooncake", kMooncake, "arrivals: {process: trace, speed: 4}");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  const double times[] = {0, 0.25, 0.5};
  const int32_t inputs[] = {1200, 1300, 700};
  for (size_t index = 0; index < 3; ++index) {
    EXPECT_EQ((*plan)->At(index).intended_s, times[index]);
    EXPECT_EQ((*plan)->At(index).input_tokens, inputs[index]);
  }
}

TEST_F(DatasetPlan, StartsOverWhereMoreIsAsked) {
  const auto plan = Make("mooncake", kMooncake, "num_requests: 7");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(Prompt(**plan, 0), Prompt(**plan, 6));
}

TEST_F(DatasetPlan, TextsStayAsTheyAre) {
  const auto plan = Make("jsonl",
                         "{\"prompt\": \"one\", \"max_tokens\": 3}\n"
                         "{\"prompt\": \"two two\", \"max_tokens\": 4, \"prompt_tokens\": 2}\n"
                         "{\"prompt_tokens\": 9, \"max_tokens\": 5}",
                         "");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ((*plan)->TextOf(0), "one");
  EXPECT_EQ((*plan)->At(0).input_tokens, 0);  // only the server knows
  EXPECT_EQ((*plan)->TextOf(1), "two two");
  EXPECT_EQ((*plan)->At(1).input_tokens, 2);
  EXPECT_EQ((*plan)->TextOf(2), "");
  EXPECT_EQ(Prompt(**plan, 2).size(), 9u);
  EXPECT_EQ((*plan)->At(2).output_tokens, 5);
}

TEST_F(DatasetPlan, WhatTextsShareIsNotKnown) {
  const auto text =
      Make("jsonl", R"({"prompt": "two two", "max_tokens": 4, "prompt_tokens": 2})", "");
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_EQ(SharedPromptTokens(**text), -1);
  const auto lengths = Make("jsonl", R"({"prompt_tokens": 9, "max_tokens": 5})", "");
  ASSERT_TRUE(lengths.ok()) << lengths.status().ToString();
  EXPECT_EQ(SharedPromptTokens(**lengths), 0);
  // In the order of their times: 1200, then 2 blocks of 512 of it, then one.
  const auto blocks = Make("mooncake", kMooncake, "");
  ASSERT_TRUE(blocks.ok()) << blocks.status().ToString();
  EXPECT_EQ(SharedPromptTokens(**blocks), 1024 + 512);
}

TEST_F(DatasetPlan, OwnLengthsReplaceTheFiles) {
  const auto plan = Make("mooncake", kMooncake, "input_tokens: 77\noutput_tokens: 8");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ((*plan)->At(1).input_tokens, 77);
  EXPECT_EQ(Prompt(**plan, 1).size(), 77u);
  EXPECT_EQ((*plan)->At(1).output_tokens, 8);
}

TEST_F(DatasetPlan, SaysWhatTheFileLacks) {
  const struct {
    const char* format;
    const char* bytes;
    const char* yaml;
    const char* message;
  } kCases[] = {
      {"jsonl", "{\"prompt\": \"a\"}", "", "request 1 has no \"max_tokens\""},
      {"jsonl", "{\"prompt\": \"a\", \"max_tokens\": 1}", "arrivals: trace",
       "request 1 has no \"timestamp\""},
      {"jsonl", "{\"prompt\": \"a\", \"max_tokens\": 1}", "input_tokens: 5",
       "leave input_tokens out"},
      {"jsonl", "{\"prompt\": \"a\", \"max_tokens\": 1}", ", length_scale: 0.5}",
       "leave length_scale out"},
      {"mooncake", kMooncake, "arrivals: trace\nnum_requests: 4", "\"num_requests\" is 4; "},
      {"azure", kMooncake, "", "there is no column TIMESTAMP"},
  };
  for (const auto& c : kCases) {
    const auto plan = Make(c.format, c.bytes, c.yaml);
    ASSERT_FALSE(plan.ok()) << c.yaml;
    EXPECT_THAT(plan.status().message(), HasSubstr(c.message));
  }
  const auto absent = MakePlan(Spec("dataset: {format: azure, path: /nowhere/a.csv}"), 1);
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace redline::workload
