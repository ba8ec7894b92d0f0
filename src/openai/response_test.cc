#include "openai/response.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "openai/error.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

const ResponseIdentity kIdentity = {"chatcmpl-1", 1700000000, "a \"model\""};

TEST(Response, ChatCompletionHasTheRequiredFields) {
  const Json json = Json::parse(ChatCompletion(kIdentity, "hi\n\"you\"", "stop", {3, 4, 1}));
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["id"], "chatcmpl-1");
  EXPECT_EQ(json["created"], 1700000000);
  EXPECT_EQ(json["model"], "a \"model\"");
  const Json& choice = json["choices"][0];
  EXPECT_EQ(choice["index"], 0);
  EXPECT_EQ(choice["message"]["role"], "assistant");
  EXPECT_EQ(choice["message"]["content"], "hi\n\"you\"");
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_TRUE(choice["logprobs"].is_null());
  EXPECT_EQ(json["usage"]["total_tokens"], 7);
  EXPECT_EQ(json["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
}

TEST(Response, ChatChunksInOrder) {
  ResponseIdentity identity = kIdentity;
  identity.include_usage = true;
  const Json role = Json::parse(ChatRoleChunk(identity));
  EXPECT_EQ(role["object"], "chat.completion.chunk");
  EXPECT_EQ(role["choices"][0]["delta"], (Json{{"role", "assistant"}, {"content", ""}}));
  EXPECT_TRUE(role["choices"][0]["finish_reason"].is_null());
  EXPECT_TRUE(role.contains("usage") && role["usage"].is_null());
  const Json content = Json::parse(ChatContentChunk(identity, "ä"));
  EXPECT_EQ(content["choices"][0]["delta"], (Json{{"content", "ä"}}));
  const Json finish = Json::parse(ChatFinishChunk(identity, "length"));
  EXPECT_EQ(finish["choices"][0]["delta"], Json::object());
  EXPECT_EQ(finish["choices"][0]["finish_reason"], "length");
  const Json usage = Json::parse(ChatUsageChunk(identity, {1, 2}));
  EXPECT_EQ(usage["choices"], Json::array());
  EXPECT_EQ(usage["usage"]["completion_tokens"], 2);
  EXPECT_FALSE(Json::parse(ChatRoleChunk(kIdentity)).contains("usage"));
}

TEST(Response, TextCompletions) {
  const Json whole = Json::parse(TextCompletion(kIdentity, "abc", "length", {5, 3}));
  EXPECT_EQ(whole["object"], "text_completion");
  EXPECT_EQ(whole["choices"][0]["text"], "abc");
  EXPECT_EQ(whole["usage"]["prompt_tokens"], 5);
  const Json chunk = Json::parse(TextChunk(kIdentity, "a", ""));
  EXPECT_TRUE(chunk["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(Json::parse(TextUsageChunk(kIdentity, {1, 1}))["choices"], Json::array());
}

TEST(Response, AnyBytesGiveValidJson) {
  std::string hostile;
  for (int byte = 0; byte < 256; ++byte) hostile += static_cast<char>(byte);
  EXPECT_TRUE(Json::accept(ChatContentChunk(kIdentity, hostile)));
  EXPECT_TRUE(Json::accept(TextCompletion({hostile, 1, hostile}, hostile, "stop", {})));
  EXPECT_TRUE(Json::accept(net::ErrorBody(InvalidArgument(hostile, hostile))));
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
  EXPECT_EQ(body["code"], "unauthenticated");

  const auto context = ContextLengthError(5000, 4096);
  EXPECT_EQ(context.status, 400);
  const Json error = Json::parse(context.body)["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
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
