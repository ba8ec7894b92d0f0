#include "openai/completion_request.h"

#include <gtest/gtest.h>

namespace redline::openai {
namespace {

using Ids = std::vector<int32_t>;

Result<CompletionRequest> Parse(const std::string& prompt, const std::string& more = "") {
  return ParseCompletionRequest(R"({"model":"m","prompt":)" + prompt + more + "}");
}

std::string ListOf(int count, const std::string& element) {
  std::string out = "[" + element;
  for (int index = 1; index < count; ++index) out += "," + element;
  return out + "]";
}

TEST(CompletionRequest, ReadsEveryFormOfPrompt) {
  const std::vector<std::pair<std::string, std::vector<Prompt>>> cases = {
      {R"("x")", {"x"}},
      {R"("")", {""}},
      {R"(["x"])", {"x"}},
      {R"(["x","y"])", {"x", "y"}},
      {"[1,2,2147483647]", {Ids{1, 2, 2147483647}}},
      {"[3.0]", {Ids{3}}},
      {"[[0]]", {Ids{0}}},
      {"[[1],[2,3]]", {Ids{1}, Ids{2, 3}}},
  };
  for (const auto& [prompt, expected] : cases) {
    const auto request = Parse(prompt);
    ASSERT_TRUE(request.ok()) << prompt << request.status().ToString();
    EXPECT_EQ(request->prompts, expected) << prompt;
  }
}

TEST(CompletionRequest, RefusesOtherPrompts) {
  const std::vector<std::string> cases = {"null",
                                          "[]",
                                          "5",
                                          "{}",
                                          "[-1]",
                                          "[2147483648]",
                                          "[1.5]",
                                          "[true]",
                                          R"([1,"a"])",
                                          R"(["a",1])",
                                          R"(["a",[1]])",
                                          R"([[1],"a"])",
                                          "[[1],[]]",
                                          "[[]]",
                                          R"([["a"]])",
                                          "[null]",
                                          "true",
                                          ListOf(129, "\"a\""),
                                          ListOf(129, "[1]")};
  for (const std::string& bad : cases) {
    const Status status = Parse(bad).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << bad;
    EXPECT_EQ(status.param(), "prompt") << bad;
  }
  EXPECT_EQ(ParseCompletionRequest(R"({"model":"m"})").status().param(), "prompt");
}

TEST(CompletionRequest, BoundsPromptsTimesN) {
  EXPECT_TRUE(Parse(ListOf(128, "\"a\"")).ok());
  EXPECT_TRUE(Parse(ListOf(64, "[1]"), R"(,"n":2)").ok());
  EXPECT_EQ(Parse(ListOf(65, "[1]"), R"(,"n":2)").status().param(), "n");
}

}  // namespace
}  // namespace redline::openai
