#include "openai/tokenize_request.h"

#include <gtest/gtest.h>

namespace redline::openai {
namespace {

TEST(TokenizeRequest, TakesAPromptOrMessages) {
  const auto prompt = ParseTokenizeRequest(
      R"({"prompt":"hi","add_special_tokens":false,"return_token_strs":true})");
  ASSERT_TRUE(prompt.ok()) << prompt.status().ToString();
  EXPECT_EQ(std::get<std::string>(prompt->input), "hi");
  EXPECT_EQ(prompt->fields.add_special_tokens, false);
  EXPECT_TRUE(prompt->fields.return_token_strs);
  const auto chat = ParseTokenizeRequest(
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],"add_generation_prompt":false,
          "tools":[{"type":"function","function":{"name":"f"}}]})");
  ASSERT_TRUE(chat.ok()) << chat.status().ToString();
  EXPECT_EQ(std::get<1>(chat->input).size(), 1u);
  EXPECT_FALSE(chat->fields.add_generation_prompt);
  EXPECT_EQ(chat->fields.tools.size(), 1u);
}

TEST(TokenizeRequest, RefusesTheRest) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", "prompt"},
      {R"({"prompt":5})", "prompt"},
      {R"({"prompt":null})", "prompt"},
      {R"({"prompt":["a"]})", "prompt"},
      {R"({"prompt":"a","messages":[]})", "messages"},
      {R"({"messages":[]})", "messages"},
      {R"({"prompt":"a","model":""})", "model"},
      {R"({"prompt":"a","add_special_tokens":1})", "add_special_tokens"},
      {R"({"prompt":"a","chat_template_kwargs":{"tools":1}})", "chat_template_kwargs.tools"},
  };
  for (const auto& [body, param] : cases) {
    EXPECT_EQ(ParseTokenizeRequest(body).status().param(), param) << body;
  }
}

TEST(DetokenizeRequest, TakesTokenIds) {
  EXPECT_EQ(ParseDetokenizeRequest(R"({"tokens":[1,2]})")->tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_TRUE(ParseDetokenizeRequest(R"({"tokens":[],"model":"m"})").ok());
  for (const char* bad : {"{}", R"({"tokens":5})", R"({"tokens":null})", R"({"tokens":["a"]})",
                          R"({"tokens":[-1]})", R"({"tokens":[2147483648]})"}) {
    EXPECT_EQ(ParseDetokenizeRequest(bad).status().param(), "tokens") << bad;
  }
}

}  // namespace
}  // namespace redline::openai
