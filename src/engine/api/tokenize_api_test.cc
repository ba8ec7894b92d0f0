#include "engine/api/tokenize_api.h"

#include <gtest/gtest.h>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

TEST(TokenizeApi, CountsAndNamesTokens) {
  TestServer server;
  const Json answer =
      server.Post("/tokenize", {{"model", "tiny"}, {"prompt", "ab"}, {"return_token_strs", true}})
          .json();
  const TestingTokenizer tokenizer;
  const std::vector<TokenId> tokens = *tokenizer.Encode("ab", text::SpecialTokens::kParse);
  EXPECT_EQ(answer["count"], 2);
  EXPECT_EQ(answer["max_model_len"], 4096);
  EXPECT_EQ(answer["tokens"], tokens);
  EXPECT_EQ(answer["token_strs"][0], tokenizer.TokenBytes(tokens[0]));
  EXPECT_TRUE(server.Post("/tokenize", {{"prompt", "ab"}}).json()["token_strs"].is_null());
}

TEST(TokenizeApi, MessagesAreRenderedAsChatsAre) {
  TestServer server;
  const Json messages = {{{"role", "user"}, {"content", "hello"}}};
  const Json answer = server.Post("/tokenize", {{"messages", messages}}).json();
  const Json chat = server
                        .Post("/v1/chat/completions",
                              {{"model", "tiny"}, {"messages", messages}, {"max_tokens", 1}})
                        .json();
  EXPECT_EQ(answer["count"], chat["usage"]["prompt_tokens"]);
}

TEST(TokenizeApi, DetokenizeIsTheInverse) {
  TestServer server;
  const TestingTokenizer tokenizer;
  const Json answer =
      server.Post("/detokenize", {{"tokens", tokenizer.Spell("hello 日 {}")}}).json();
  EXPECT_EQ(answer, (Json{{"prompt", "hello 日 {}"}}));
  EXPECT_EQ(server.Post("/detokenize", {{"tokens", Json::array()}}).json()["prompt"], "");
}

TEST(TokenizeApi, RefusesByName) {
  TestServer server;
  const std::vector<std::tuple<const char*, Json, int, const char*>> cases = {
      {"/tokenize", {{"prompt", "a"}, {"model", "other"}}, 404, "model"},
      {"/tokenize", Json::object(), 400, "prompt"},
      {"/tokenize", {{"messages", Json::array()}}, 400, "messages"},
      {"/detokenize", {{"tokens", "a"}}, 400, "tokens"},
      {"/detokenize", {{"tokens", {1}}, {"model", "other"}}, 404, "model"},
  };
  for (const auto& [path, body, status, param] : cases) {
    const HttpReply reply = server.Post(path, body);
    EXPECT_EQ(reply.status, status) << body << reply.body;
    EXPECT_EQ(reply.json()["error"]["param"], param) << body;
  }
  TestServer without({.has_tokenizer = false});
  for (const char* path : {"/tokenize", "/detokenize"}) {
    const HttpReply reply =
        without.Post(path, path[1] == 't' ? Json{{"prompt", "a"}} : Json{{"tokens", {1}}});
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_NE(reply.body.find("no tokenizer"), std::string::npos) << reply.body;
  }
}

}  // namespace
}  // namespace redline::engine
