// What a server must say to requests that are wrong: tables of inputs, each with the status and the
// field it must name. After all of them the server still answers and holds no page.
#include <gtest/gtest.h>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr char kChat[] = "/v1/chat/completions";
constexpr char kCompletions[] = "/v1/completions";

// A valid chat with `more` in its place; a member of `more` that is discarded is left out.
std::string Chat(const Json& more) {
  Json body = {
      {"model", "tiny"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}, {"max_tokens", 4}};
  if (!more.is_null()) body.update(more);
  return body.dump();
}
std::string ChatWith(const char* extra) {
  return R"({"model":"tiny","messages":[{"role":"user","content":"hi"}],)" + std::string(extra) +
         "}";
}
std::string Completion(const Json& more) {
  Json body = {{"model", "tiny"}, {"prompt", "hi"}, {"max_tokens", 4}};
  if (!more.is_null()) body.update(more);
  return body.dump();
}
Json Messages(const Json& message) { return {{"messages", Json::array({message})}}; }

struct BadInput {
  std::string path;
  std::string body;
  int status = 400;
  std::string param;  // "": null
  std::string code = "invalid_argument";
};

void ExpectRefused(TestServer& server, const std::vector<BadInput>& cases) {
  for (const BadInput& bad : cases) {
    const HttpReply reply = server.Call("POST", bad.path, bad.body);
    const std::string shown = bad.body.substr(0, 150);
    EXPECT_EQ(reply.status, bad.status) << shown << "\n" << reply.body.substr(0, 300);
    const Json error = reply.json().value("error", Json::object());
    ASSERT_TRUE(error.contains("message") && error["message"].is_string()) << shown;
    EXPECT_TRUE(error.contains("type") && error["type"].is_string()) << shown;
    EXPECT_EQ(error["param"], bad.param.empty() ? Json() : Json(bad.param)) << shown;
    EXPECT_EQ(error["code"], bad.code) << shown;
  }
  EXPECT_EQ(server.Call("POST", kChat, Chat({})).status, 200) << "a good request after bad ones";
  EXPECT_TRUE(Eventually([&] { return server.AllPagesFree(); }));
}

TestServer MakeServer() {
  return TestServer({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .engine = {.context_length = 256}}});
}

// What llama-server 0.7.0 answers with 200, 500 or a wrong number.
TEST(BadInput, WhatOthersLetThrough) {
  TestServer server = MakeServer();
  const Json nameless_tool = {{{"type", "function"}}};
  const Json tool = {{{"type", "function"}, {"function", {{"name", "f"}}}}};
  std::string deep = R"({"type":"string"})";
  for (int level = 0; level < 500; ++level) deep = R"({"properties":{"a":)" + deep + "}}";
  ExpectRefused(
      server,
      {
          {kChat, "{}", 400, "model"},
          {kChat, Chat({{"messages", "hi"}}), 400, "messages"},
          {kChat, Chat(Messages({{"role", "user"}, {"content", 5}})), 400, "messages[0].content"},
          {kChat, Chat({{"temperature", "hot"}}), 400, "temperature"},
          {kChat, Chat({{"seed", "abc"}}), 400, "seed"},
          {kChat, Chat({{"messages", Json::array()}}), 400, "messages"},
          {kChat, Chat(Messages({{"content", "hi"}})), 400, "messages[0].role"},
          {kChat, Chat({{"tools", nameless_tool}}), 400, "tools[0]"},
          {kChat, Chat(Messages({{"role", "bogus"}, {"content", "hi"}})), 400, "messages[0].role"},
          {kChat, Chat(Messages({{"role", "user"}, {"content", nullptr}})), 400,
           "messages[0].content"},
          {kChat, Chat({{"temperature", -1}}), 400, "temperature"},
          {kChat, Chat({{"temperature", 1e308}}), 400, "temperature"},
          {kChat, Chat({{"top_p", 2}}), 400, "top_p"},
          {kChat, Chat({{"max_tokens", -5}}), 400, "max_tokens"},
          {kChat, Chat({{"max_tokens", int64_t{1'000'000'000'000'000'000}}}), 400, "max_tokens"},
          {kChat, Chat({{"max_tokens", 0}}), 400, "max_tokens"},
          {kCompletions, Completion({{"max_tokens", 0}}), 400, "max_tokens"},
          {kChat, Chat({{"n", 0}}), 400, "n"},
          {kChat, Chat({{"n", 1'000'000}}), 400, "n"},
          {kChat, Chat({{"logit_bias", {{"999999", 5}}}}), 400, "logit_bias"},
          {kChat, Chat({{"logit_bias", {{"abc", "x"}}}}), 400, "logit_bias"},
          {kChat, Chat({{"stop", {""}}}), 400, "stop"},
          {kChat, Chat({{"logprobs", true}, {"top_logprobs", 999}}), 400, "top_logprobs"},
          {kChat, Chat({{"response_format", "zzz"}}), 400, "response_format"},
          {kChat, Chat({{"json_schema", {{"type", "zzz"}}}}), 400, "json_schema"},
          {kChat,
           Chat({{"tools", tool},
                 {"tool_choice", {{"type", "function"}, {"function", {{"name", "zzz"}}}}}}),
           400, "tool_choice"},
          {kChat, Chat({{"stream_options", {{"include_usage", true}}}}), 400, "stream_options"},
          {kChat, ChatWith("\"user\":\"\\ud800\"")},
          {kChat, ChatWith("\"user\":\"\xC3\x28\"")},
          {kChat, "{\"model\""},
          {kChat, std::string(100'000, '[')},
          {kChat, "[]"},
          {kChat, Chat({{"guided_json", deep}}), 400, "guided_json"},
          {kCompletions, Completion({{"prompt", {99999999}}}), 400, "prompt"},
          {kCompletions, Completion({{"prompt", {-1}}}), 400, "prompt"},
          {kCompletions, Completion({{"prompt", Json::array()}}), 400, "prompt"},
          {kCompletions, Completion({{"prompt", nullptr}}), 400, "prompt"},
      });
}

TEST(BadInput, MessagesSayTheRealValue) {
  TestServer server = MakeServer();
  const auto message = [&](const Json& more) -> std::string {
    return server.Call("POST", kChat, Chat(more)).json()["error"]["message"];
  };
  EXPECT_NE(
      message({{"max_tokens", int64_t{1'000'000'000'000'000'000}}}).find("1000000000000000000"),
      std::string::npos);
  EXPECT_NE(server.Call("POST", kChat, "[]").body.find("must be a JSON object"), std::string::npos);
}

TEST(BadInput, RoutesAndMediaTypes) {
  TestServer server = MakeServer();
  const HttpReply get = server.Call("GET", kChat);
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(net::FindHeader(get.headers, "Allow"), "POST");
  const HttpReply removed = server.Call("DELETE", "/v1/models");
  EXPECT_EQ(removed.status, 405);
  EXPECT_EQ(net::FindHeader(removed.headers, "Allow"), "GET");
  EXPECT_EQ(server.Call("POST", "/v1/embeddings", "{}").status, 404);
  const std::vector<std::pair<std::string, int>> types = {
      {"application/json", 200},
      {"Application/JSON; charset=utf-8", 200},
      {"application/vnd.api+json", 200},
      {"text/plain", 415},
      {"application/x-www-form-urlencoded", 415},
      {"multipart/form-data; boundary=x", 415},
  };
  for (const auto& [type, status] : types) {
    const HttpReply reply = server.Call("POST", kChat, Chat({}), {{"Content-Type", type}});
    EXPECT_EQ(reply.status, status) << type << reply.body;
  }
  EXPECT_EQ(server.Call("POST", kChat, Chat({})).status, 200) << "without a Content-Type";
}

// F29: bodies that are no request.
TEST(BadInput, Bodies) {
  TestServer server = MakeServer();
  std::vector<BadInput> cases;
  for (const std::string path : {kChat, kCompletions, "/tokenize", "/detokenize"}) {
    for (const std::string& body :
         {std::string(), std::string("{"), std::string("[]"), std::string("\"x\""),
          std::string(100'000, '['), std::string("\xFF\xFE"), ChatWith(R"("user":"\ud800")"),
          ChatWith(R"("top_p":1,"top_p":1)"), ChatWith("\"top_p\":NaN"),
          ChatWith("\"top_p\":Infinity"), ChatWith("\"top_p\":1e400"),
          ChatWith("\"user\":\"") + std::string(1, '\0') + "\"}"}) {
      cases.push_back({path, body});
    }
  }
  ExpectRefused(server, cases);
  // More than the limit of a body.
  const HttpReply reply = server.Call("POST", kChat, std::string(65 << 20, ' '));
  EXPECT_EQ(reply.status, 413);
}

// F30: every field over its domain. What is accepted has an effect or none, but never a wrong one.
TEST(BadInput, Fields) {
  TestServer server = MakeServer();
  const std::string long_stop(10 << 20, 'x');
  const Json huge = 1e300;
  ExpectRefused(server,
                {
                    {kChat, Chat({{"temperature", 2.1}}), 400, "temperature"},
                    {kChat, Chat({{"top_p", 0}}), 400, "top_p"},
                    {kChat, Chat({{"top_p", 1.1}}), 400, "top_p"},
                    {kChat, Chat({{"max_tokens", 1e18}}), 400, "max_tokens"},
                    {kChat, Chat({{"max_tokens", 1.5}}), 400, "max_tokens"},
                    {kChat, Chat({{"top_logprobs", 21}, {"logprobs", true}}), 400, "top_logprobs"},
                    {kChat, Chat({{"seed", uint64_t{1} << 63}}), 400, "seed"},
                    {kChat, Chat({{"stop", {"a", "b", "c", "d", "e"}}}), 400, "stop"},
                    {kChat, Chat({{"stop", long_stop}}), 400, "stop"},
                    {kChat, Chat({{"presence_penalty", 3}}), 400, "presence_penalty"},
                    {kChat, Chat({{"frequency_penalty", -3}}), 400, "frequency_penalty"},
                    {kChat, Chat({{"repetition_penalty", -1}}), 400, "repetition_penalty"},
                    {kChat, Chat({{"repetition_penalty", huge}}), 400, "repetition_penalty"},
                    {kChat, Chat({{"top_k", -2}}), 400, "top_k"},
                    {kChat, Chat({{"top_k", huge}}), 400, "top_k"},
                    {kChat, Chat({{"min_p", -1}}), 400, "min_p"},
                    {kChat, Chat({{"min_tokens", -1}}), 400, "min_tokens"},
                    {kChat, Chat({{"min_tokens", huge}}), 400, "min_tokens"},
                    {kChat, Chat({{"stop_token_ids", {64}}}), 400, "stop_token_ids"},
                    {kChat, Chat({{"stop_token_ids", {-1}}}), 400, "stop_token_ids"},
                    {kChat, Chat({{"stop_token_ids", {huge}}}), 400, "stop_token_ids"},
                    {kChat, Chat({{"prompt_logprobs", huge}}), 400, "prompt_logprobs"},
                    {kChat, Chat({{"cache_salt", std::string(257, 's')}}), 400, "cache_salt"},
                    {kCompletions, Completion({{"logprobs", huge}}), 400, "logprobs"},
                    {kCompletions, Completion({{"n", 64}, {"prompt", {"a", "b", "c"}}}), 400, "n"},
                });
}

// F31: prompts that do not fit. n_prompt_tokens is right, or a bound from below for a text so long
// that it is not tokenised.
TEST(BadInput, Prompts) {
  TestServer server = MakeServer();
  const std::string code = "context_length_exceeded";
  const std::string megabytes(10 << 20, 'x');
  ExpectRefused(
      server,
      {
          {kCompletions, Completion({{"prompt", std::string(256, 'x')}}), 400, "prompt", code},
          {kCompletions, Completion({{"prompt", {"a", megabytes}}}), 400, "prompt", code},
          {kCompletions, Completion({{"prompt", std::vector<int>(256, 5)}}), 400, "prompt", code},
          {kChat, Chat(Messages({{"role", "user"}, {"content", megabytes}})), 400, "messages",
           code},
          {"/tokenize", Json({{"prompt", megabytes}}).dump(), 400, "prompt", code},
          {kCompletions, Completion({{"prompt", {64}}}), 400, "prompt"},
          {kCompletions, Completion({{"prompt", {int64_t{1} << 31}}}), 400, "prompt"},
      });
  const Json error =
      server.Call("POST", kCompletions, Completion({{"prompt", std::string(300, 'x')}}))
          .json()["error"];
  EXPECT_EQ(error["n_prompt_tokens"], 300);
  EXPECT_EQ(error["n_ctx"], 256);
}

TEST(BadInput, MoreLogprobsThanMemoryIsFor) {
  TestServer server;  // context_length 4096
  ExpectRefused(
      server, {{kCompletions, Completion({{"logprobs", 20}, {"n", 128}, {"max_tokens", 4000}}), 400,
                "logprobs"},
               {kChat,
                Chat({{"logprobs", true},
                      {"top_logprobs", 20},
                      {"n", 50},
                      {"max_tokens", int64_t{2'000'000'000}}}),
                400, "logprobs"}});
}

// F33: a template that does not end, for the one request.
TEST(BadInput, HostileTemplates) {
  for (const char* source :
       {"{% for i in range(10**9) %}x{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}aaaaaaaaaa{% endfor %}{% endfor %}",
        "{{ messages.__class__.__mro__ }}", "{{ cycler.__init__.__globals__ }}"}) {
    TestServer server({.chat_template = source});
    const HttpReply reply = server.Call("POST", kChat, Chat({}));
    EXPECT_EQ(reply.status, 400) << source << reply.body;
    EXPECT_EQ(reply.json()["error"]["param"], "messages") << source;
    EXPECT_EQ(server.Call("POST", kCompletions, Completion({})).status, 200);
  }
}

// F34: what a request may set in the template is a short list.
TEST(BadInput, TemplateVariables) {
  TestServer server = MakeServer();
  std::vector<BadInput> cases;
  for (const char* name : {"tokenize", "add_generation_prompt", "chat_template", "conversation",
                           "messages", "tools", "documents", "bos_token", "x"}) {
    cases.push_back({kChat, Chat({{"chat_template_kwargs", {{name, true}}}}), 400,
                     "chat_template_kwargs." + std::string(name)});
  }
  Json nested = 1;
  for (int level = 0; level < 100; ++level) nested = Json::array({nested});
  cases.push_back({kChat, Chat({{"chat_template_kwargs", {{"thinking", nested}}}}), 400,
                   "chat_template_kwargs.thinking"});
  cases.push_back({kChat, Chat({{"chat_template", "x"}}), 400, "chat_template"});
  ExpectRefused(server, cases);
}

TEST(TemplateVariables, ReachTheTemplate) {
  TestServer server({.chat_template =
                         "{% if enable_thinking is defined and not enable_thinking %}aaaa"
                         "{% endif %}{{ messages[0].content }}{{ reasoning_effort }}"});
  const auto count = [&](const Json& more) -> int64_t {
    Json body = {{"messages", {{{"role", "user"}, {"content", "x"}}}}};
    if (!more.is_null()) body.update(more);
    return server.Post("/tokenize", body).json()["count"];
  };
  EXPECT_EQ(count({}), 1);
  EXPECT_EQ(count({{"chat_template_kwargs", {{"enable_thinking", false}}}}), 5);
  EXPECT_EQ(count({{"reasoning_effort", "none"}}), 5);
  EXPECT_EQ(count({{"reasoning_effort", "high"}}), 5);  // its own four letters
}

}  // namespace
}  // namespace redline::engine
