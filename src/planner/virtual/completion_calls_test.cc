#include "planner/virtual/completion_calls.h"

#include <gtest/gtest.h>

namespace redline::planner {
namespace {

using openai::AnswerKind;

TEST(ReadGenerationTest, CountsPrompts) {
  struct Case {
    AnswerKind kind;
    const char* body;
    int64_t num_tokens;
  };
  const Case cases[] = {
      {AnswerKind::kCompletion, R"({"model":"m","prompt":[1,2,3]})", 3},
      {AnswerKind::kCompletion, R"({"model":"m","prompt":[[1,2,3]]})", 3},
      {AnswerKind::kCompletion, R"({"model":"m","prompt":"twelve bytes"})", 3},
      {AnswerKind::kChat, R"({"model":"m","messages":[{"role":"user","content":"ab"}]})", 3}};
  for (const Case& each : cases) {
    const auto generation = ReadGeneration(each.kind, each.body);
    ASSERT_TRUE(generation.ok()) << generation.status().ToString();
    EXPECT_EQ(generation->prompt.num_tokens, each.num_tokens) << each.body;
  }
}

TEST(ReadGenerationTest, RefusesWithTheField) {
  struct Case {
    AnswerKind kind;
    const char* body;
    const char* param;
  };
  const Case cases[] = {
      {AnswerKind::kCompletion, R"({"model":"m","prompt":["a","b"]})", "prompt"},
      {AnswerKind::kCompletion, R"({"model":"m","prompt":[-1]})", "prompt"},
      {AnswerKind::kCompletion, R"({"model":"m","prompt":"a","max_tokens":-1})", "max_tokens"},
      {AnswerKind::kChat, R"({"model":"m"})", "messages"}};
  for (const Case& each : cases) {
    const auto generation = ReadGeneration(each.kind, each.body);
    ASSERT_FALSE(generation.ok()) << each.body;
    EXPECT_EQ(generation.status().param(), each.param);
  }
}

TEST(AnswerLengthTest, ByWhatIsAskedFor) {
  struct Case {
    AnswerKind kind;
    const char* body;
    int64_t context;
    int64_t num_tokens;
    const char* reason;
  };
  constexpr const char* kChat =
      R"({"model":"m","messages":[{"role":"user","content":"abcdefghi"}]})";
  const Case cases[] = {
      {AnswerKind::kCompletion, R"({"model":"m","prompt":"a"})", 1000, 16, "length"},
      {AnswerKind::kCompletion, R"({"model":"m","prompt":"a","max_tokens":7})", 1000, 7, "length"},
      {AnswerKind::kChat, kChat, 1000, 256, "stop"},
      {AnswerKind::kChat, kChat, 100, 96, "length"},
      {AnswerKind::kChat, kChat, 2, 1, "length"}};
  for (const Case& each : cases) {
    const auto generation = ReadGeneration(each.kind, each.body);
    ASSERT_TRUE(generation.ok()) << generation.status().ToString();
    const AnswerLength length = LengthOf(*generation, each.context);
    EXPECT_EQ(length.num_tokens, each.num_tokens) << each.body;
    EXPECT_EQ(length.finish_reason, each.reason) << each.body;
  }
}

}  // namespace
}  // namespace redline::planner
