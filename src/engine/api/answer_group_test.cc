// Answers of several prompts and choices, over real sockets.
#include "engine/api/answer_group.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "base/strings.h"
#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr char kChat[] = "/v1/chat/completions";
constexpr char kCompletions[] = "/v1/completions";

Json Completion(Json more) {
  Json body = {{"model", "tiny"},
               {"prompt", "x"},
               {"temperature", 0},
               {"max_tokens", 20},
               {"ignore_eos", true}};
  if (!more.is_null()) body.update(more);
  return body;
}

Json Chat(Json more) {
  Json body = {{"model", "tiny"},
               {"messages", {{{"role", "user"}, {"content", "x"}}}},
               {"temperature", 0},
               {"max_tokens", 20},
               {"ignore_eos", true}};
  if (!more.is_null()) body.update(more);
  return body;
}

void AppendList(Json& list, const Json& more) {
  if (list.is_null()) list = Json::array();
  for (const Json& item : more) list.push_back(item);
}

// Adds a chunk's choice to the choice so far, in the form of a whole answer.
void Join(Json& choice, const Json& chunk) {
  choice["index"] = chunk["index"];
  if (chunk.contains("text"))
    choice["text"] = choice.value("text", "") + chunk["text"].get<std::string>();
  const Json delta = chunk.value("delta", Json::object());
  if (chunk.contains("delta") && !choice.contains("message")) choice["message"] = Json::object();
  for (const char* name : {"content", "reasoning_content"}) {
    if (delta.contains(name)) {
      choice["message"][name] = choice["message"].value(name, "") + delta[name].get<std::string>();
    }
  }
  if (chunk["logprobs"].is_object()) {
    for (const auto& [name, list] : chunk["logprobs"].items()) {
      if (list.is_array()) AppendList(choice["logprobs"][name], list);
    }
  }
  if (chunk.contains("token_ids")) AppendList(choice["token_ids"], chunk["token_ids"]);
  EXPECT_FALSE(choice.contains("finish_reason")) << "something after the end: " << chunk;
  if (chunk["finish_reason"].is_string()) choice["finish_reason"] = chunk["finish_reason"];
}

// The choices of a stream by index, put together.
std::map<int, Json> JoinStream(const HttpReply& reply) {
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.complete);
  std::map<int, Json> choices;
  for (const std::string& event : reply.events()) {
    if (event == "[DONE]") continue;
    const Json chunk = Json::parse(event);
    for (const Json& choice : chunk["choices"]) Join(choices[choice["index"]], choice);
  }
  return choices;
}

// What a stream must add up to.
Json Comparable(Json choice, bool is_chat) {
  Json kept = {{"index", choice["index"]}, {"finish_reason", choice["finish_reason"]}};
  if (is_chat) {
    kept["content"] = choice["message"].value("content", "");
  } else {
    kept["text"] = choice["text"];
  }
  if (choice.contains("token_ids")) kept["token_ids"] = choice["token_ids"];
  if (choice.contains("logprobs") && choice["logprobs"].is_object()) {
    choice["logprobs"].erase("refusal");
    kept["logprobs"] = choice["logprobs"];
  }
  return kept;
}

TEST(AnswerGroup, StreamsAddUpToTheWholeAnswer) {
  TestServer server;
  const std::vector<std::pair<bool, Json>> cases = {
      {true, {{"n", 3}, {"temperature", 1}, {"seed", 5}}},
      {true, {{"n", 2}, {"logprobs", true}, {"top_logprobs", 3}, {"seed", 1}}},
      {true, {{"stop", {"a", "the"}}, {"logprobs", true}, {"seed", 2}, {"temperature", 1}}},
      {true, {{"return_token_ids", true}, {"n", 2}, {"seed", 2}, {"temperature", 1}}},
      {false, {{"prompt", {"one", "two", "three"}}, {"n", 2}, {"seed", 3}, {"temperature", 1}}},
      {false, {{"prompt", {{5, 6}, {7}}}, {"logprobs", 2}}},
      {false, {{"prompt", {"ab", "b"}}, {"echo", true}, {"logprobs", 0}, {"n", 2}}},
      {false, {{"prompt", "ab"}, {"echo", true}, {"max_tokens", 0}, {"logprobs", 1}}},
      {false, {{"stop", {"e"}}, {"include_stop_str_in_output", true}, {"logprobs", 0}}},
  };
  for (const auto& [is_chat, more] : cases) {
    const char* path = is_chat ? kChat : kCompletions;
    Json body = is_chat ? Chat(more) : Completion(more);
    const HttpReply reply = server.Post(path, body);
    ASSERT_EQ(reply.status, 200) << more << reply.body;
    const Json whole = reply.json();
    body["stream"] = true;
    std::map<int, Json> joined = JoinStream(server.Post(path, body));
    ASSERT_EQ(joined.size(), whole["choices"].size()) << more;
    for (const Json& choice : whole["choices"]) {
      EXPECT_EQ(Comparable(joined[choice["index"]], is_chat), Comparable(choice, is_chat)) << more;
    }
  }
}

TEST(AnswerGroup, ChoicesAreOrderedPromptByPrompt) {
  TestServer server;
  const Json together =
      server
          .Post(kCompletions,
                Completion({{"prompt", {"one", "two"}}, {"n", 2}, {"temperature", 1}, {"seed", 9}}))
          .json();
  ASSERT_EQ(together["choices"].size(), 4u);
  for (int index = 0; index < 4; ++index) {
    // Each is what it would be alone, with a seed of its own.
    const Json alone = server
                           .Post(kCompletions, Completion({{"prompt", index < 2 ? "one" : "two"},
                                                           {"temperature", 1},
                                                           {"seed", 9 + index % 2}}))
                           .json();
    EXPECT_EQ(together["choices"][index]["index"], index);
    EXPECT_EQ(together["choices"][index]["text"], alone["choices"][0]["text"]) << index;
  }
  EXPECT_NE(together["choices"][0]["text"], together["choices"][1]["text"]);
}

TEST(AnswerGroup, UsageCountsPromptsOnceAndAnswersAll) {
  TestServer server;
  Json body = Completion({{"prompt", {"four", "fifth"}}, {"n", 3}, {"max_tokens", 7}});
  const Json usage = server.Post(kCompletions, body).json()["usage"];
  EXPECT_EQ(usage["prompt_tokens"], 9);
  EXPECT_EQ(usage["completion_tokens"], 42);
  EXPECT_EQ(usage["total_tokens"], 51);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const std::vector<std::string> events = server.Post(kCompletions, body).events();
  EXPECT_EQ(Json::parse(events[events.size() - 2])["usage"]["total_tokens"], 51);
  body["stream_options"] = {{"continuous_usage_stats", true}};
  int64_t last_total = 0;
  for (const std::string& event : server.Post(kCompletions, body).events()) {
    if (event == "[DONE]") continue;
    const int64_t total = Json::parse(event)["usage"]["total_tokens"];
    EXPECT_GE(total, last_total);
    last_total = total;
  }
  EXPECT_EQ(last_total, 51);
}

TEST(AnswerGroup, CachedTokensAreToldAndSaltKeepsThemApart) {
  TestServer server;
  const std::string prompt(64, 'p');
  const auto cached = [&](const Json& more) -> int64_t {
    Json body = Completion({{"prompt", prompt}, {"max_tokens", 1}});
    if (!more.is_null()) body.update(more);
    return server.Post(kCompletions, body)
        .json()["usage"]["prompt_tokens_details"]["cached_tokens"];
  };
  EXPECT_EQ(cached({}), 0);
  EXPECT_GT(cached({}), 0);
  EXPECT_EQ(cached({{"cache_salt", "mine"}}), 0);
  EXPECT_GT(cached({{"cache_salt", "mine"}}), 0);
}

TEST(AnswerGroup, LogprobsOfChatHaveBytesAndAlternatives) {
  TestServer server;
  const Json choice =
      server.Post(kChat, Chat({{"logprobs", true}, {"top_logprobs", 2}})).json()["choices"][0];
  const Json& content = choice["logprobs"]["content"];
  ASSERT_EQ(content.size(), 20u);
  std::string text;
  for (const Json& token : content) {
    ASSERT_EQ(token["top_logprobs"].size(), 2u);
    EXPECT_EQ(token["token"], token["top_logprobs"][0]["token"]) << "greedy takes the best";
    EXPECT_LE(token["logprob"].get<double>(), 0);
    EXPECT_GE(token["top_logprobs"][0]["logprob"], token["top_logprobs"][1]["logprob"]);
    for (const int byte : token["bytes"]) text += static_cast<char>(byte);
  }
  Json as_ids = Chat({{"logprobs", true}, {"return_tokens_as_token_ids", true}});
  const Json named = server.Post(kChat, as_ids).json()["choices"][0]["logprobs"]["content"][0];
  EXPECT_TRUE(named["token"].get<std::string>().starts_with("token_id:"));
}

TEST(AnswerGroup, PromptLogprobs) {
  TestServer server;
  const Json text =
      server.Post(kCompletions, Completion({{"prompt", {5, 6, 7}}, {"prompt_logprobs", 1}})).json();
  const Json& prompt = text["choices"][0]["prompt_logprobs"];
  ASSERT_EQ(prompt.size(), 3u);
  EXPECT_TRUE(prompt[0].is_null());
  EXPECT_TRUE(prompt[1].contains("6"));
  EXPECT_TRUE(prompt[2].contains("7"));
  const Json chat = server.Post(kChat, Chat({{"prompt_logprobs", 0}})).json();
  EXPECT_TRUE(chat["prompt_logprobs"][0].is_null());
}

TEST(AnswerGroup, NoTokenizerGivesIdsForEachChoice) {
  TestServer server({.has_tokenizer = false});
  const Json answer =
      server
          .Post(kCompletions,
                Completion({{"prompt", {{5, 6}, {7}}}, {"logprobs", 1}, {"ignore_eos", false}}))
          .json();
  ASSERT_EQ(answer["choices"].size(), 2u);
  EXPECT_EQ(answer["choices"][1]["token_ids"], ExpectedGreedyTokens({7}, 20));
  const std::string token = answer["choices"][0]["logprobs"]["tokens"][0];
  EXPECT_EQ(token, "token_id:" + std::to_string(ExpectedGreedyTokens({5, 6}, 1)[0]));
}

// --- All or nothing ------------------------------------------------------------------------------

void SlowDown(const Batch&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

TEST(AnswerGroup, HangingUpEndsAllChoices) {
  TestServer server({.on_forward = SlowDown});
  for (const bool stream : {true, false}) {
    TestClient client = server.Connect();
    client.Send("POST", kCompletions,
                Completion({{"n", 8}, {"max_tokens", 4000}, {"stream", stream}}).dump());
    ASSERT_TRUE(Eventually([&] { return server.engine().NumRunning() == 8; }));
    client.Close();
    EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
  }
}

TEST(AnswerGroup, WhatDoesNotFitTheQueueIsRefusedWhole) {
  TestServer server({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .engine = {.max_running_requests = 2, .max_queued_requests = 2}},
                     .on_forward = SlowDown});
  // Long answers: none has ended, and made room, before the fifth is handed in.
  const HttpReply reply =
      server.Post(kCompletions, Completion({{"n", 5}, {"stream", true}, {"max_tokens", 4000}}));
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_FALSE(net::FindHeader(reply.headers, "Retry-After").empty());
  EXPECT_TRUE(Eventually([&] {
    return server.Post(kCompletions, Completion({{"n", 4}})).status == 200;
  })) << "the choices that did fit are gone";
}

TEST(AnswerGroup, OneFailureFailsTheAnswer) {
  TestServer server;
  const Json body = Completion({{"prompt", {{5}, {5, TestingModel::kPoison}, {6}}}});
  const HttpReply reply = server.Post(kCompletions, body);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.json()["error"]["code"], "numerical_error");
  EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
}

TEST(AnswerGroup, AStopStringEndsItsChoiceOnly) {
  TestServer server;
  Json body = Completion({{"prompt", {"one", "two"}}, {"max_tokens", 200}});
  const Json plain = server.Post(kCompletions, body).json();
  const std::string first = plain["choices"][0]["text"];
  std::string stop;
  const std::string second = plain["choices"][1]["text"];
  for (size_t at = 0; stop.empty() && at + 3 < first.size(); ++at) {
    const std::string piece = first.substr(at, 3);
    if (second.find(piece) == std::string::npos && IsValidUtf8(piece)) stop = piece;
  }
  ASSERT_FALSE(stop.empty());
  body["stop"] = stop;
  const Json cut = server.Post(kCompletions, body).json();
  EXPECT_EQ(cut["choices"][0]["text"], first.substr(0, first.find(stop)));
  EXPECT_EQ(cut["choices"][0]["stop_reason"], stop);
  EXPECT_EQ(cut["choices"][1]["text"], second);
  EXPECT_EQ(cut["choices"][1]["finish_reason"], "length");
}

}  // namespace
}  // namespace redline::engine
