// The endpoints over real sockets: requests and answers, streams, errors, states.
#include "engine/api/engine_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/strings.h"
#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr char kChat[] = "/v1/chat/completions";
constexpr char kCompletions[] = "/v1/completions";

Json Completion(const std::string& prompt, Json more = Json::object()) {
  Json body = {{"model", "tiny"},
               {"prompt", prompt},
               {"temperature", 0},
               {"max_tokens", 40},
               {"ignore_eos", true}};
  body.update(more);
  return body;
}

Json Chat(const std::string& content, Json more = Json::object()) {
  Json body = {{"model", "tiny"},
               {"messages", {{{"role", "user"}, {"content", content}}}},
               {"temperature", 0},
               {"max_tokens", 40},
               {"ignore_eos", true}};
  body.update(more);
  return body;
}

// Text of a stream, its chunks checked for shape on the way.
struct StreamedText {
  std::string text;
  std::string finish_reason;
  Json usage;
};

StreamedText ReadStream(const HttpReply& reply, bool is_chat) {
  StreamedText result;
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.complete);
  EXPECT_EQ(net::FindHeader(reply.headers, "Content-Type"), "text/event-stream");
  std::vector<std::string> events = reply.events();
  EXPECT_EQ(events.back(), "[DONE]");
  events.pop_back();
  std::string id;
  for (size_t index = 0; index < events.size(); ++index) {
    const Json chunk = Json::parse(events[index]);
    if (index == 0) id = chunk["id"];
    EXPECT_EQ(chunk["id"], id);
    EXPECT_EQ(chunk["object"], is_chat ? "chat.completion.chunk" : "text_completion");
    if (chunk["choices"].empty()) {
      EXPECT_EQ(index, events.size() - 1) << "usage comes last";
      result.usage = chunk["usage"];
      continue;
    }
    const Json& choice = chunk["choices"][0];
    if (is_chat && index == 0) {
      EXPECT_EQ(choice["delta"]["role"], "assistant");
    }
    result.text += is_chat ? choice["delta"].value("content", "") : choice.value("text", "");
    EXPECT_TRUE(result.finish_reason.empty()) << "text after the finish chunk";
    if (choice["finish_reason"].is_string()) result.finish_reason = choice["finish_reason"];
  }
  return result;
}

TEST(EngineServer, CompletionTellsTextFinishAndUsage) {
  TestServer server;
  const HttpReply reply = server.Post(kCompletions, Completion("hello"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json answer = reply.json();
  const TestingTokenizer tokenizer;
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_TRUE(answer["id"].get<std::string>().starts_with("cmpl-"));
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 5);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 40);
}

TEST(EngineServer, TextIsWhatTheModelGenerates) {
  TestServer server;
  const TestingTokenizer tokenizer;
  const std::vector<TokenId> prompt =
      tokenizer.Encode("hello", text::SpecialTokens::kParse).value();
  const std::vector<TokenId> expected = ExpectedGreedyTokens(prompt, 40);
  const Json as_text =
      server.Post(kCompletions, Completion("hello", {{"ignore_eos", false}})).json();
  const Json as_ids =
      server.Post(kCompletions, Completion("", {{"prompt", prompt}, {"ignore_eos", false}})).json();
  EXPECT_EQ(as_text["choices"][0]["text"], tokenizer.Decode(expected, true).value());
  EXPECT_EQ(as_ids["choices"][0]["text"], as_text["choices"][0]["text"]);
}

TEST(EngineServer, StreamEqualsWholeAnswer) {
  TestServer server;
  for (const char* prompt : {"a", "hello", "Once upon a time", "日本語"}) {
    for (const bool is_chat : {true, false}) {
      for (const int seed : {0, 7}) {
        const char* path = is_chat ? kChat : kCompletions;
        Json body = is_chat ? Chat(prompt) : Completion(prompt);
        body["temperature"] = seed == 0 ? 0 : 1;
        body["seed"] = seed;
        const Json whole = server.Post(path, body).json();
        body["stream"] = true;
        body["stream_options"] = {{"include_usage", true}};
        const StreamedText stream = ReadStream(server.Post(path, body), is_chat);
        const Json& choice = whole["choices"][0];
        EXPECT_EQ(stream.text, is_chat ? choice["message"]["content"] : choice["text"]);
        EXPECT_EQ(stream.finish_reason, choice["finish_reason"]);
        Json usage = stream.usage;  // the same, but that the prompt was cached by then
        usage["prompt_tokens_details"] = whole["usage"]["prompt_tokens_details"];
        EXPECT_EQ(usage, whole["usage"]);
      }
    }
  }
}

TEST(EngineServer, UsageChunkOnlyWhenAskedFor) {
  TestServer server;
  const HttpReply reply = server.Post(kChat, Chat("x", {{"stream", true}}));
  EXPECT_TRUE(ReadStream(reply, true).usage.is_null());
}

// Every piece of the text the model gives (cut at characters) as stop string: the answer ends
// before the first place where it ends, however tokens split it.
TEST(EngineServer, StopStringsAtEverySplit) {
  TestServer server;
  const std::string text =
      server.Post(kCompletions, Completion("stop")).json()["choices"][0]["text"];
  std::vector<size_t> starts;  // of characters
  for (size_t index = 0; index < text.size(); ++index) {
    if ((static_cast<unsigned char>(text[index]) & 0xC0) != 0x80) starts.push_back(index);
  }
  starts.push_back(text.size());
  ASSERT_GT(starts.size(), 20u);
  for (size_t first = 0; first + 1 < starts.size(); ++first) {
    for (size_t length = 1; length <= 4 && first + length < starts.size(); ++length) {
      const std::string stop = text.substr(starts[first], starts[first + length] - starts[first]);
      Json body = Completion("stop", {{"stop", {stop, "never there"}}});
      const Json whole = server.Post(kCompletions, body).json();
      EXPECT_EQ(whole["choices"][0]["text"], text.substr(0, text.find(stop))) << stop;
      EXPECT_EQ(whole["choices"][0]["finish_reason"], "stop");
      if (length != 3) continue;
      body["stream"] = true;
      const StreamedText stream = ReadStream(server.Post(kCompletions, body), false);
      EXPECT_EQ(stream.text, text.substr(0, text.find(stop))) << stop;
      EXPECT_EQ(stream.finish_reason, "stop");
    }
  }
  EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
}

TEST(EngineServer, SeedsReproduce) {
  TestServer server;
  const auto text = [&](int seed) {
    const Json body = Completion("seed", {{"temperature", 1}, {"seed", seed}});
    return server.Post(kCompletions, body).json()["choices"][0]["text"].get<std::string>();
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

struct RefusalCase {
  const char* path;
  std::string body;
  int status;
  const char* param;           // nullptr: null
  const char* code = nullptr;  // nullptr: any
};

TEST(EngineServer, RefusesAndNamesWhatIsWrong) {
  TestServer server({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .engine = {.context_length = 64}}});
  const auto chat = [](const Json& more) { return Chat("x", more).dump(); };
  const auto completion = [](const Json& more) { return Completion("x", more).dump(); };
  const std::vector<RefusalCase> cases = {
      {kChat, "", 400, nullptr},
      {kChat, "{", 400, nullptr},
      {kChat, "[]", 400, nullptr},
      {kChat, "{}", 400, "model"},
      {kChat, chat({{"messages", Json::array()}}), 400, "messages"},
      {kChat, chat({{"model", "other"}}), 404, "model", "model_not_found"},
      {kChat, chat({{"temperature", -1}}), 400, "temperature"},
      {kChat, chat({{"temperature", "hot"}}), 400, "temperature"},
      {kChat, chat({{"top_p", 0}}), 400, "top_p"},
      {kChat, chat({{"max_tokens", 0}}), 400, "max_tokens"},
      {kChat, chat({{"max_tokens", 1e18}}), 400, "max_tokens"},
      {kChat, chat({{"stop", {""}}}), 400, "stop"},
      {kChat, chat({{"n", 129}}), 400, "n"},
      {kChat, chat({{"stream_options", {{"include_usage", true}}}}), 400, "stream_options"},
      {kCompletions, completion({{"model", "other"}}), 404, "model", "model_not_found"},
      {kCompletions, completion({{"prompt", Json::array()}}), 400, "prompt"},
      {kCompletions, completion({{"prompt", {-1}}}), 400, "prompt"},
      {kCompletions, completion({{"prompt", {64}}}), 400, "prompt"},
      {kCompletions, completion({{"prompt", {int64_t{1} << 31}}}), 400, "prompt"},
      {kCompletions, completion({{"prompt", std::string(64, 'x')}}), 400, "prompt",
       "context_length_exceeded"},
      {kCompletions, completion({{"prompt", std::vector<int>(64, 5)}}), 400, "prompt",
       "context_length_exceeded"},
      {kChat, Chat(std::string(64, 'x')).dump(), 400, "messages", "context_length_exceeded"},
      {kCompletions, completion({{"prompt", std::string(10 << 20, 'x')}}), 400, "prompt",
       "context_length_exceeded"},
  };
  for (const RefusalCase& test_case : cases) {
    const HttpReply reply = server.Call("POST", test_case.path, test_case.body);
    const std::string shown = test_case.body.substr(0, 200);
    ASSERT_EQ(reply.status, test_case.status) << shown << "\n" << reply.body;
    const Json error = reply.json()["error"];
    EXPECT_TRUE(error["message"].is_string()) << shown;
    if (test_case.param != nullptr && error["param"].is_string()) {
      EXPECT_TRUE(error["param"].get<std::string>().starts_with(test_case.param)) << reply.body;
    } else {
      EXPECT_EQ(error["param"].is_null(), test_case.param == nullptr) << reply.body;
    }
    if (test_case.code != nullptr) {
      EXPECT_EQ(error["code"], test_case.code) << shown;
    }
  }
  EXPECT_EQ(server.Post(kCompletions, Completion("x")).status, 200);
  EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
}

TEST(EngineServer, ContextErrorTellsBothNumbers) {
  TestServer server({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .engine = {.context_length = 64}}});
  const Json error = server.Post(kCompletions, Completion(std::string(70, 'x'))).json()["error"];
  EXPECT_EQ(error["n_prompt_tokens"], 70);
  EXPECT_EQ(error["n_ctx"], 64);
}

TEST(EngineServer, RoutesThatAreNotThere) {
  TestServer server;
  EXPECT_EQ(server.Call("GET", "/v2/models").status, 404);
  EXPECT_EQ(server.Call("GET", kChat).status, 405);
  EXPECT_EQ(server.Call("DELETE", "/v1/models").status, 405);
}

TEST(EngineServer, Models) {
  TestServer server;
  const Json list = server.Call("GET", "/v1/models").json();
  EXPECT_EQ(list["data"][0]["id"], "tiny");
  EXPECT_EQ(list["data"][0]["max_model_len"], 4096);
  EXPECT_EQ(server.Call("GET", "/v1/models/tiny").json()["id"], "tiny");
  EXPECT_EQ(server.Call("GET", "/v1/models/other").status, 404);
}

TEST(EngineServer, WhileLoadingSaysSo) {
  TestServer server({.ready = false});
  server.server().SetProgress(0.42);
  const HttpReply health = server.Call("GET", "/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.json(), Json::parse(R"({"status":"loading","progress":0.42})"));
  const HttpReply reply = server.Post(kChat, Chat("x"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.json()["error"]["code"], "engine_unavailable");
  EXPECT_FALSE(net::FindHeader(reply.headers, "Retry-After").empty());
  EXPECT_EQ(server.Call("GET", "/v1/models").status, 503);
  EXPECT_EQ(server.Call("GET", "/server_info").json()["status"], "loading");
  server.BecomeReady();
  EXPECT_EQ(server.Call("GET", "/health").status, 200);
  EXPECT_EQ(server.Post(kChat, Chat("x")).status, 200);
}

TEST(EngineServer, RequestIdIsEchoedOrMade) {
  TestServer server;
  const auto id_for = [&](const net::Headers& headers, const Json& body) {
    const HttpReply reply = server.Call("POST", kCompletions, body.dump(), headers);
    return std::string(net::FindHeader(reply.headers, "X-Request-Id"));
  };
  EXPECT_EQ(id_for({{"X-Request-Id", "abc-1"}}, Completion("x")), "abc-1");
  EXPECT_EQ(id_for({{"X-Request-Id", "abc-2"}}, Completion("x", {{"stream", true}})), "abc-2");
  EXPECT_EQ(id_for({{"X-Request-Id", "abc-3"}}, Completion("x", {{"n", 3}})), "abc-3");
  EXPECT_TRUE(id_for({}, Completion("x")).starts_with("req-"));
  EXPECT_TRUE(
      id_for({{"X-Request-Id", std::string(200, 'x')}}, Completion("x")).starts_with("req-"));
}

TEST(EngineServer, KeyGuardsEverythingButHealth) {
  TestServer server(
      {.serve = {.model_path = "testing", .served_model_name = "tiny", .api_key = "secret-key"}});
  const net::Headers right = {{"Authorization", "Bearer secret-key"}};
  EXPECT_EQ(server.Call("GET", "/health").status, 200);
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/models"},
                                                        {"GET", "/metrics"},
                                                        {"GET", "/server_info"},
                                                        {"GET", "/openapi.json"},
                                                        {"POST", "/tokenize"},
                                                        {"POST", "/detokenize"},
                                                        {"POST", kChat},
                                                        {"POST", kCompletions},
                                                        {"GET", "/nothing"}}) {
    EXPECT_EQ(server.Call(method, path).status, 401) << path;
    EXPECT_EQ(server.Call(method, path, "", {{"Authorization", "Bearer secret-kez"}}).status, 401);
    EXPECT_EQ(server.Call(method, path, "", {{"Authorization", "secret-key"}}).status, 401);
    EXPECT_NE(server.Call(method, path, "", right).status, 401) << path;
  }
  EXPECT_EQ(server.Call("GET", "/server_info", "", right).body.find("secret-key"),
            std::string::npos);
}

TEST(EngineServer, ServerInfoTellsRequestedAndResolved) {
  TestServer server;
  const Json info = server.Call("GET", "/server_info").json();
  EXPECT_EQ(info["status"], "ready");
  EXPECT_EQ(info["requested"]["context_length"], 0);
  EXPECT_EQ(info["resolved"]["context_length"], 4096);
  EXPECT_GT(info["resolved"]["max_total_tokens"], 0);
  EXPECT_TRUE(info["memory"].contains("kv_bytes"));
  EXPECT_EQ(info["requested"]["tool_call_parser"], "auto");
  EXPECT_EQ(info["resolved"]["tool_call_parser"], "json") << "the template shows no tools";
  EXPECT_EQ(info["resolved"]["reasoning_parser"], "none");
  EXPECT_EQ(info["limits"]["max_choices"], 128);
}

TEST(EngineServer, MetricsCountRequestsAndTokens) {
  TestServer server;
  server.Post(kCompletions, Completion("hello"));
  const std::string metrics = server.Call("GET", "/metrics").body;
  for (const char* line :
       {"redline_engine_prompt_tokens_total 5\n", "redline_engine_generation_tokens_total 40\n",
        "redline_engine_requests_running 0\n",
        "redline_engine_requests_finished_total{reason=\"length\"} 1\n",
        "redline_engine_time_to_first_token_seconds_count 1\n",
        "redline_engine_inter_token_latency_seconds_count 39\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  }
}

TEST(EngineServer, EveryMetricIsDocumented) {
  TestServer server;
  const auto page = ReadFile("docs/api.md");
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  for (const std::string& line : Split(server.Call("GET", "/metrics").body, '\n')) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string name = Split(line, ' ')[2];
    EXPECT_NE(page->find(name), std::string::npos) << name;
  }
}

TEST(EngineServer, UnknownFieldsAreCounted) {
  TestServer server;
  server.Post(kCompletions, Completion("x", {{"zap", 1}, {"zip", 2}}));
  EXPECT_NE(server.Call("GET", "/metrics").body.find("redline_engine_unknown_fields_total 2\n"),
            std::string::npos);
}

TEST(EngineServer, ModelWithoutTokenizerServesTokenIds) {
  TestServer server({.has_tokenizer = false});
  const std::vector<TokenId> prompt = {5, 6, 7};
  const std::vector<TokenId> expected = ExpectedGreedyTokens(prompt, 12);
  const Json body = Completion("", {{"prompt", prompt}, {"max_tokens", 12}, {"ignore_eos", false}});
  const Json choice = server.Post(kCompletions, body).json()["choices"][0];
  EXPECT_EQ(choice["text"], "");
  EXPECT_EQ(choice["token_ids"], expected);

  Json streamed = body;
  streamed["stream"] = true;
  std::vector<TokenId> tokens;
  for (const std::string& event : server.Post(kCompletions, streamed).events()) {
    if (event == "[DONE]") continue;
    for (const Json& id : Json::parse(event)["choices"][0].value("token_ids", Json::array())) {
      tokens.push_back(id);
    }
  }
  EXPECT_EQ(tokens, expected);

  const Json text = server.Post(kCompletions, Completion("hello")).json()["error"];
  EXPECT_EQ(text["param"], "prompt");
  const HttpReply chat = server.Post(kChat, Chat("hello"));
  EXPECT_EQ(chat.status, 400);
  EXPECT_EQ(chat.json()["error"]["param"], "messages");
  EXPECT_EQ(server.Post(kCompletions, Completion("", {{"prompt", prompt}, {"stop", {"x"}}}))
                .json()["error"]["param"],
            "stop");
}

TEST(EngineServer, ModelWithoutChatTemplateServesCompletions) {
  TestServer server({.chat_template = ""});
  const HttpReply chat = server.Post(kChat, Chat("hello"));
  EXPECT_EQ(chat.status, 400);
  EXPECT_NE(chat.body.find("chat template"), std::string::npos);
  EXPECT_EQ(server.Post(kCompletions, Completion("hello")).status, 200);
}

TEST(EngineServer, TemplateThatSaysNothingIsNamed) {
  TestServer server({.chat_template = "{# nothing #}"});
  EXPECT_EQ(server.Post(kChat, Chat("hello")).json()["error"]["param"], "messages");
}

TEST(EngineServer, TemplateThatRefusesIsTheClientsError) {
  TestServer server({.chat_template = "{{ raise_exception('roles must alternate') }}"});
  const HttpReply reply = server.Post(kChat, Chat("hello"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("roles must alternate"), std::string::npos) << reply.body;
}

TEST(EngineServer, LogitsThatAreNotFiniteAreANamedError) {
  TestServer server;
  const Json body = Completion("", {{"prompt", {5, TestingModel::kPoison}}});
  for (const bool stream : {false, true}) {
    Json request = body;
    request["stream"] = stream;
    const HttpReply reply = server.Post(kCompletions, request);
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.json()["error"]["code"], "numerical_error");
  }
  EXPECT_EQ(server.Post(kCompletions, Completion("x")).status, 200);
}

// --- Clients that go away ------------------------------------------------------------------------

void SlowDown(const Batch&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

TEST(EngineServer, HangingUpFreesTheRequest) {
  TestServer server({.on_forward = SlowDown});
  const Json body = Completion("x", {{"max_tokens", 4000}});
  for (const bool stream : {true, false}) {
    std::vector<TestClient> clients;
    for (int index = 0; index < 8; ++index) {
      Json request = body;
      request["stream"] = stream;
      clients.push_back(server.Connect());
      clients.back().Send("POST", kCompletions, request.dump());
    }
    if (stream) {
      for (TestClient& client : clients) client.ReadUntil("data: ");
    }
    ASSERT_TRUE(Eventually([&] { return server.engine().NumRunning() == 8; }));
    clients.clear();
    EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
    EXPECT_EQ(server.engine().NumRunning(), 0);
  }
  EXPECT_TRUE(Eventually([&] {  // pages come first, counts after them
    return server.metrics().Render().find(
               "redline_engine_requests_finished_total{reason=\"abort\"} 16\n") !=
           std::string::npos;
  }));
}

TEST(EngineServer, ClientThatDoesNotReadIsCutOff) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("redline-api-" + std::to_string(getpid())))
          .string();
  TestServer server({.unix_path = path, .max_buffered_bytes = 16 << 10});
  TestClient client(path);
  // Log-probs make it much more than a socket holds.
  const Json more = {{"max_tokens", 4000}, {"stream", true}, {"logprobs", 20}};
  client.Send("POST", kCompletions, Completion("x", more).dump());
  EXPECT_TRUE(Eventually([&] {
    return server.metrics().Render().find(
               "redline_engine_requests_finished_total{reason=\"abort\"} 1\n") != std::string::npos;
  }));
  EXPECT_TRUE(server.AllPagesFree());
  EXPECT_FALSE(client.Read().complete);
}

// --- Shutting down -------------------------------------------------------------------------------

TEST(EngineServer, DrainLetsRequestsEndAndRefusesNewOnes) {
  TestServer server({.on_forward = SlowDown});
  TestClient client = server.Connect();
  client.Send("POST", kCompletions,
              Completion("x", {{"max_tokens", 200}, {"stream", true}}).dump());
  client.ReadUntil("data: ");
  bool all_ended = false;
  std::thread drain([&] { all_ended = server.server().Drain(20); });
  EXPECT_TRUE(Eventually([&] { return server.Call("GET", "/health").status == 503; }));
  const HttpReply refused = server.Post(kCompletions, Completion("y"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "engine_unavailable");
  EXPECT_EQ(ReadStream(client.Read(), false).finish_reason, "length");
  drain.join();
  EXPECT_TRUE(all_ended);
}

TEST(EngineServer, AbortEndsStreamsWithAnErrorEvent) {
  TestServer server({.on_forward = SlowDown});
  TestClient stream = server.Connect();
  stream.Send("POST", kCompletions,
              Completion("x", {{"max_tokens", 4000}, {"stream", true}}).dump());
  stream.ReadUntil("data: ");
  TestClient whole = server.Connect();
  whole.Send("POST", kCompletions, Completion("x", {{"max_tokens", 4000}}).dump());
  ASSERT_TRUE(Eventually([&] { return server.engine().NumRunning() == 2; }));
  std::thread drain([&] { server.server().Drain(20); });
  EXPECT_TRUE(Eventually([&] { return server.Call("GET", "/health").status == 503; }));
  server.server().Abort();
  drain.join();

  const HttpReply cut = stream.Read();
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(cut.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(Json::parse(cut.events().back())["error"]["code"], "engine_unavailable");
  const HttpReply refused = whole.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "engine_unavailable");
}

TEST(EngineServer, FullQueueAnswers429WithRetryAfter) {
  std::mutex gate;
  gate.lock();
  TestServer server({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .engine = {.max_running_requests = 1, .max_queued_requests = 1}},
                     .on_forward = [&](const Batch&) { const std::lock_guard lock(gate); }});
  TestClient first = server.Connect();
  first.Send("POST", kCompletions, Completion("a").dump());
  TestClient second = server.Connect();
  second.Send("POST", kCompletions, Completion("b").dump());
  EXPECT_TRUE(
      Eventually([&] { return server.engine().NumRunning() + server.engine().NumQueued() == 2; }));
  const HttpReply reply = server.Post(kCompletions, Completion("c"));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(net::FindHeader(reply.headers, "Retry-After"), "1");
  gate.unlock();
  EXPECT_EQ(first.Read().status, 200);
  EXPECT_EQ(second.Read().status, 200);
}

}  // namespace
}  // namespace redline::engine
