#include "openai/response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "openai/error.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

const ResponseIdentity kChat = {AnswerKind::kChat, "chatcmpl-1", 1700000000, "a \"model\""};
const ResponseIdentity kText = {AnswerKind::kCompletion, "cmpl-1", 1700000000, "m"};

Json Whole(const ResponseIdentity& identity, const Choice& choice, const Usage& usage = {}) {
  return Json::parse(Answer(identity, {&choice, 1}, usage));
}
Json Piece(const ResponseIdentity& identity, const Choice& choice) {
  return Json::parse(Chunk(identity, choice));
}

TEST(Response, ChatCompletionHasTheRequiredFields) {
  const Json json = Whole(kChat, {.content = "hi\n\"you\"", .finish_reason = "stop"}, {3, 4, 1});
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["id"], "chatcmpl-1");
  EXPECT_EQ(json["created"], 1700000000);
  EXPECT_EQ(json["model"], "a \"model\"");
  const Json& choice = json["choices"][0];
  EXPECT_EQ(choice["index"], 0);
  EXPECT_EQ(choice["message"],
            (Json{{"role", "assistant"}, {"content", "hi\n\"you\""}, {"refusal", nullptr}}));
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_TRUE(choice["logprobs"].is_null());
  EXPECT_TRUE(choice["stop_reason"].is_null());
  EXPECT_EQ(json["usage"]["total_tokens"], 7);
  EXPECT_EQ(json["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
}

TEST(Response, ChatChunksInOrder) {
  ResponseIdentity identity = kChat;
  identity.include_usage = true;
  const Json role = Piece(identity, {.first = true});
  EXPECT_EQ(role["object"], "chat.completion.chunk");
  EXPECT_EQ(role["choices"][0]["delta"], (Json{{"role", "assistant"}, {"content", ""}}));
  EXPECT_TRUE(role["choices"][0]["finish_reason"].is_null());
  EXPECT_TRUE(role.contains("usage") && role["usage"].is_null());
  const Json content = Piece(identity, {.index = 3, .content = "ä"});
  EXPECT_EQ(content["choices"][0]["delta"], (Json{{"content", "ä"}}));
  EXPECT_EQ(content["choices"][0]["index"], 3);
  const Json reasoning = Piece(identity, {.reasoning = "hm"});
  EXPECT_EQ(reasoning["choices"][0]["delta"], (Json{{"reasoning_content", "hm"}}));
  const Json finish = Piece(identity, {.finish_reason = "length"});
  EXPECT_EQ(finish["choices"][0]["delta"], Json::object());
  EXPECT_EQ(finish["choices"][0]["finish_reason"], "length");
  const Json usage = Json::parse(UsageChunk(identity, {1, 2}));
  EXPECT_EQ(usage["choices"], Json::array());
  EXPECT_EQ(usage["usage"]["completion_tokens"], 2);
  EXPECT_FALSE(Piece(kChat, {.first = true}).contains("usage"));
  EXPECT_EQ(Json::parse(Chunk(kChat, {}, Usage{5, 6}))["usage"]["total_tokens"], 11);
}

TEST(Response, ToolCalls) {
  const Choice whole = {.tool_calls = {{0, "call_1", "f", R"({"a":1})"}, {1, "call_2", "g", "{}"}},
                        .finish_reason = "tool_calls"};
  const Json message = Whole(kChat, whole)["choices"][0]["message"];
  EXPECT_TRUE(message["content"].is_null());
  EXPECT_EQ(message["tool_calls"][0], Json::parse(R"({"id":"call_1","type":"function",
                            "function":{"name":"f","arguments":"{\"a\":1}"}})"));
  EXPECT_EQ(message["tool_calls"].size(), 2u);
  const Json first = Piece(kChat, {.tool_calls = {{1, "call_2", "g", ""}}});
  EXPECT_EQ(first["choices"][0]["delta"]["tool_calls"],
            Json::parse(R"([{"index":1,"id":"call_2","type":"function",
                             "function":{"name":"g","arguments":""}}])"));
  const Json next = Piece(kChat, {.tool_calls = {{1, "", "", "{\"b"}}});
  EXPECT_EQ(next["choices"][0]["delta"]["tool_calls"],
            Json::parse(R"([{"index":1,"function":{"arguments":"{\"b"}}])"));
}

TEST(Response, TextCompletions) {
  const Json whole =
      Whole(kText, {.content = "abc", .finish_reason = "length", .stop_reason = 7}, {5, 3});
  EXPECT_EQ(whole["object"], "text_completion");
  EXPECT_EQ(whole["choices"][0]["text"], "abc");
  EXPECT_EQ(whole["choices"][0]["stop_reason"], 7);
  EXPECT_EQ(whole["usage"]["prompt_tokens"], 5);
  const Json chunk = Piece(kText, {.content = "a", .stop_reason = "x"});
  EXPECT_TRUE(chunk["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(chunk["choices"][0]["stop_reason"], "x");
  EXPECT_EQ(Json::parse(UsageChunk(kText, {1, 1}))["choices"], Json::array());
}

TEST(Response, SeveralChoices) {
  const Choice choices[] = {{.index = 0, .content = "a"}, {.index = 1, .content = "b"}};
  const Json json = Json::parse(Answer(kText, choices, {}));
  EXPECT_EQ(json["choices"][1]["index"], 1);
  EXPECT_EQ(json["choices"][1]["text"], "b");
}

const TokenLogprobs kToken = {
    .chosen = {"b", "b", -0.5}, .top = {{"a", "a", -0.25}, {"b", "b", -0.5}}, .text_offset = 3};

TEST(Response, ChatLogprobs) {
  Choice choice;
  choice.logprobs = {kToken, {.chosen = {"\xE6", "\xE6", -1}}};
  const Json content = Whole(kChat, choice)["choices"][0]["logprobs"]["content"];
  EXPECT_EQ(content[0], Json::parse(R"({"token":"b","logprob":-0.5,"bytes":[98],"top_logprobs":[
                                         {"token":"a","logprob":-0.25,"bytes":[97]},
                                         {"token":"b","logprob":-0.5,"bytes":[98]}]})"));
  EXPECT_EQ(content[1]["token"], "\xEF\xBF\xBD");
  EXPECT_EQ(content[1]["bytes"], Json::array({0xE6}));
  choice.logprobs->clear();
  EXPECT_EQ(Whole(kChat, choice)["choices"][0]["logprobs"]["content"], Json::array());
}

TEST(Response, CompletionLogprobs) {
  Choice choice;
  choice.logprobs = {{.chosen = {"x", "x", std::nullopt}}, kToken};
  const Json logprobs = Whole(kText, choice)["choices"][0]["logprobs"];
  EXPECT_EQ(logprobs, Json::parse(R"({"tokens":["x","b"],"token_logprobs":[null,-0.5],
                                      "top_logprobs":[null,{"a":-0.25,"b":-0.5}],
                                      "text_offset":[0,3]})"));
}

TEST(Response, LogprobsAreAlwaysNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double odd : {-infinity, infinity, std::nan(""), -1e300}) {
    Choice choice;
    choice.logprobs = {{.chosen = {"x", "x", odd}}};
    choice.prompt_logprobs = PromptLogprobs{{}, {{1, "x", odd, 0}}};
    const Json json = Whole(kText, choice);
    const double shown = json["choices"][0]["logprobs"]["token_logprobs"][0];
    EXPECT_EQ(shown, odd == infinity ? 0 : -9999.0);
    EXPECT_EQ(json["choices"][0]["prompt_logprobs"][1]["1"]["logprob"], shown);
  }
}

TEST(Response, WhatBelongsToThePromptHasItsPlace) {
  Choice choice = {.token_ids = std::vector<int32_t>{4, 5},
                   .prompt_token_ids = std::vector<int32_t>{1, 2},
                   .prompt_logprobs = PromptLogprobs{{}, {{2, "b", -2, 0}, {3, "c", -1, 1}}}};
  const Json prompt = Json::parse(R"([null, {"2":{"logprob":-2.0,"rank":null,"decoded_token":"b"},
                                             "3":{"logprob":-1.0,"rank":1,"decoded_token":"c"}}])");
  const Json chat = Whole(kChat, choice);
  EXPECT_EQ(chat["prompt_logprobs"], prompt);
  EXPECT_EQ(chat["prompt_token_ids"], (Json{1, 2}));
  EXPECT_EQ(chat["choices"][0]["token_ids"], (Json{4, 5}));
  const Json text = Whole(kText, choice)["choices"][0];
  EXPECT_EQ(text["prompt_logprobs"], prompt);
  EXPECT_EQ(text["prompt_token_ids"], (Json{1, 2}));
  EXPECT_EQ(text["token_ids"], (Json{4, 5}));
}

TEST(Response, AnyBytesGiveValidJson) {
  std::string hostile;
  for (int byte = 0; byte < 256; ++byte) hostile += static_cast<char>(byte);
  Choice choice = {.content = hostile,
                   .reasoning = hostile,
                   .tool_calls = {{0, hostile, hostile, hostile}},
                   .logprobs = {{{.chosen = {hostile, hostile, -1}}}},
                   .finish_reason = hostile,
                   .stop_reason = hostile};
  for (const AnswerKind kind : {AnswerKind::kChat, AnswerKind::kCompletion}) {
    const ResponseIdentity identity = {kind, hostile, 1, hostile};
    EXPECT_TRUE(Json::accept(Answer(identity, {&choice, 1}, {})));
    EXPECT_TRUE(Json::accept(Chunk(identity, choice)));
  }
  EXPECT_TRUE(Json::accept(net::ErrorBody(InvalidArgument(hostile, hostile))));
}

TEST(Response, Tokenization) {
  EXPECT_EQ(Json::parse(TokenizeAnswer({{1, 2}, 64, std::vector<std::string>{"a", "\xFF"}})),
            Json::parse(R"({"count":2,"max_model_len":64,"tokens":[1,2],
                            "token_strs":["a","\ufffd"]})"));
  EXPECT_EQ(Json::parse(TokenizeAnswer({{}, 64, {}})),
            Json::parse(R"({"count":0,"max_model_len":64,"tokens":[],"token_strs":null})"));
  EXPECT_EQ(Json::parse(DetokenizeAnswer("a\n")), (Json{{"prompt", "a\n"}}));
}

TEST(Response, ModelList) {
  const ModelCard models[] = {{"a", 5}, {"b", 6, "someone", 4096}};
  const Json json = Json::parse(ModelList(models));
  EXPECT_EQ(json["object"], "list");
  EXPECT_EQ(json["data"][0],
            (Json{{"id", "a"}, {"object", "model"}, {"created", 5}, {"owned_by", "redline"}}));
  EXPECT_EQ(json["data"][1]["max_model_len"], 4096);
  EXPECT_EQ(Json::parse(ModelList({}))["data"], Json::array());
}

TEST(Error, Objects) {
  const auto unauthenticated = net::ErrorResponse(Status(Code::kUnauthenticated, "no key"));
  EXPECT_EQ(unauthenticated.status, 401);
  const Json body = Json::parse(unauthenticated.body)["error"];
  EXPECT_EQ(body["message"], "no key");
  EXPECT_TRUE(body["param"].is_null());
  EXPECT_EQ(body["code"], "invalid_api_key");  // OpenAI's name
  EXPECT_EQ(net::FindHeader(unauthenticated.headers, "WWW-Authenticate"), "Bearer");

  const auto context = ContextLengthError("prompt", 5000, 4096);
  EXPECT_EQ(context.status, 400);
  const Json error = Json::parse(context.body)["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_EQ(error["param"], "prompt");
  EXPECT_EQ(error["n_prompt_tokens"], 5000);
  EXPECT_EQ(error["n_ctx"], 4096);

  const auto model = ModelNotFoundError("x\"y", "a, b");
  EXPECT_EQ(model.status, 404);
  EXPECT_EQ(Json::parse(model.body)["error"]["code"], "model_not_found");
  EXPECT_EQ(Json::parse(model.body)["error"]["param"], "model");

  const auto gone = EngineUnavailableError("starting", 5);
  EXPECT_EQ(gone.status, 503);
  EXPECT_EQ(net::FindHeader(gone.headers, "retry-after"), "5");
  EXPECT_EQ(Json::parse(gone.body)["error"]["type"], "server_error");

  EXPECT_EQ(ErrorEvent(Unavailable("gone"), kEngineUnavailable),
            "data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":\"engine_unavailable\"}}\n\n");
}

}  // namespace
}  // namespace redline::openai
