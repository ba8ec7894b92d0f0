// Answers that must have a form, and tools, over real sockets. The model writes nonsense: what
// makes sense in its answers is the constraint's.
#include "engine/api/structure.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

constexpr char kChat[] = "/v1/chat/completions";
constexpr char kCompletions[] = "/v1/completions";

Json Chat(Json more) {
  Json body = {{"model", "tiny"},
               {"messages", {{{"role", "user"}, {"content", "x"}}}},
               {"temperature", 1},
               {"seed", 3},
               {"max_tokens", 400}};
  if (!more.is_null()) body.update(more);
  return body;
}

Json Completion(Json more) {
  Json body = {{"model", "tiny"}, {"prompt", "x"}, {"seed", 3}, {"max_tokens", 400}};
  if (!more.is_null()) body.update(more);
  return body;
}

const Json kSchema = {{"type", "object"},
                      {"properties", {{"bc", {{"enum", {"a", "b"}}}}, {"a", {{"type", "null"}}}}},
                      {"required", {"bc", "a"}},
                      {"additionalProperties", false}};

TEST(Structure, AnswersHaveTheFormAskedFor) {
  TestServer server;
  const Json named = {{"type", "json_schema"},
                      {"json_schema", {{"name", "n"}, {"schema", kSchema}}}};
  const std::vector<Json> schemas = {
      {{"response_format", named}},
      {{"guided_json", kSchema}},
      {{"json_schema", kSchema.dump()}},
      {{"structured_outputs", {{"json", kSchema}}}},
  };
  for (const Json& more : schemas) {
    for (const bool is_chat : {true, false}) {
      const HttpReply reply =
          server.Post(is_chat ? kChat : kCompletions, is_chat ? Chat(more) : Completion(more));
      ASSERT_EQ(reply.status, 200) << more << reply.body;
      const Json choice = reply.json()["choices"][0];
      const std::string text = is_chat ? choice["message"]["content"] : choice["text"];
      const Json value = Json::parse(text, nullptr, false);
      EXPECT_TRUE(value.is_object() && value.size() == 2 && value["a"].is_null()) << text;
      EXPECT_EQ(choice["finish_reason"], "stop");
    }
  }
  const auto text = [&](const Json& more) -> std::string {
    const HttpReply reply = server.Post(kCompletions, Completion(more));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json()["choices"][0]["text"];
  };
  EXPECT_EQ(text({{"regex", "abc[xy]"}}).substr(0, 3), "abc");
  const std::string choice = text({{"guided_choice", {"ab", "zz\""}}});
  EXPECT_TRUE(choice == "ab" || choice == "zz\"") << choice;
  EXPECT_EQ(text({{"structured_outputs", {{"grammar", "start: \"q\" (\"u\")"}}}}), "qu");
}

TEST(Structure, EachChoiceHasItsOwn) {
  TestServer server;
  const Json answer =
      server
          .Post(kCompletions, Completion({{"regex", "[ab]{8}"}, {"n", 6}, {"prompt", {"x", "y"}}}))
          .json();
  std::set<std::string> texts;
  for (const Json& choice : answer["choices"]) {
    const std::string text = choice["text"];
    EXPECT_EQ(text.size(), 8u);
    EXPECT_EQ(text.find_first_not_of("ab"), std::string::npos) << text;
    texts.insert(text);
  }
  EXPECT_EQ(answer["choices"].size(), 12u);
  EXPECT_GT(texts.size(), 3u);
}

struct RefusedStructure {
  Json more;
  const char* param;
  const char* code;
};

TEST(Structure, WrongOrCostlyOnesAreRefusedByName) {
  TestServer server;
  Json values = Json::array();
  for (int index = 0; index < 100'000; ++index) values.push_back("v" + std::to_string(index));
  const std::vector<RefusedStructure> cases = {
      {{{"guided_json", {{"type", "zzz"}}}}, "guided_json", "invalid_argument"},
      {{{"regex", "("}}, "regex", "invalid_argument"},
      {{{"guided_grammar", "start"}}, "guided_grammar", "invalid_argument"},
      {{{"guided_json", {{"$ref", "#"}}}}, "guided_json", "invalid_argument"},
      {{{"guided_json", {{"enum", values}}}}, "guided_json", "schema_too_complex"},
      {{{"json_schema", {{"type", "array"}, {"minItems", 1000000000}}}},
       "json_schema",
       "schema_too_complex"},
  };
  for (const RefusedStructure& refused : cases) {
    const HttpReply reply = server.Post(kCompletions, Completion(refused.more));
    EXPECT_EQ(reply.status, 400) << reply.body;
    const Json error = reply.json()["error"];
    EXPECT_EQ(error["param"], refused.param) << reply.body;
    EXPECT_EQ(error["code"], refused.code) << reply.body;
  }
  EXPECT_EQ(server.Post(kCompletions, Completion({{"regex", "a"}})).status, 200);
}

TEST(Structure, TheModelReasonsFirst) {
  TestServer server({.serve = {.model_path = "testing",
                               .served_model_name = "tiny",
                               .reasoning_parser = "deepseek-r1"},
                     .chat_template = "{{ messages[0].content }}<think>\n"});
  const Json body = Chat({{"regex", "[ab]{4}c"}, {"logit_bias", {{"61", 3}}}});
  const Json choice = server.Post(kChat, body).json()["choices"][0];
  ASSERT_EQ(choice["finish_reason"], "stop") << choice;
  EXPECT_FALSE(choice["message"]["reasoning_content"].get<std::string>().empty());
  const std::string content = choice["message"]["content"];
  EXPECT_EQ(content.size(), 5u) << content;
  EXPECT_TRUE(content.ends_with("c"));
}

// --- Tools ---------------------------------------------------------------------------------------

const Json kTools = {
    {{"type", "function"},
     {"function",
      {{"name", "f"},
       {"parameters",
        {{"type", "object"},
         {"properties", {{"ab", {{"type", "null"}}}}},
         {"required", {"ab"}}}}}}},
    {{"type", "function"}, {"function", {{"name", "g_x"}, {"description", "the other"}}}}};

constexpr char kToolTemplate[] =
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<tool_call>{{ {\"arguments\": c.function.arguments} | tojson "
    "}}"
    "</tool_call>{% endfor %}|{% endfor %}";

TEST(Tools, ARequiredCallIsACall) {
  for (const char* chat_template :
       {"{% for m in messages %}{{ m.content }}|{% endfor %}", kToolTemplate}) {
    TestServer server({.chat_template = chat_template});
    const HttpReply reply =
        server.Post(kChat, Chat({{"tools", kTools}, {"tool_choice", "required"}}));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const Json choice = reply.json()["choices"][0];
    ASSERT_TRUE(choice["message"].contains("tool_calls")) << choice;
    EXPECT_TRUE(choice["message"]["content"].is_null());
    for (const Json& call : choice["message"]["tool_calls"]) {
      EXPECT_TRUE(call["id"].get<std::string>().starts_with("call_"));
      EXPECT_EQ(call["type"], "function");
      const Json arguments =
          Json::parse(call["function"]["arguments"].get<std::string>(), nullptr, false);
      EXPECT_TRUE(arguments.is_object()) << call;
      EXPECT_EQ(arguments.contains("ab"), call["function"]["name"] == "f") << call;
    }
    EXPECT_NE(choice["finish_reason"], "stop");
  }
}

TEST(Tools, ANamedCallIsThatCallAndEndsWithStop) {
  TestServer server;
  const Json body = Chat({{"tools", kTools},
                          {"tool_choice", {{"type", "function"}, {"function", {{"name", "f"}}}}},
                          {"parallel_tool_calls", false}});
  const Json choice = server.Post(kChat, body).json()["choices"][0];
  ASSERT_EQ(choice["message"]["tool_calls"].size(), 1u) << choice;
  EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(choice["finish_reason"], "stop");
}

TEST(Tools, AStreamOfCallsAddsUp) {
  TestServer server;
  Json body = Chat({{"tools", kTools},
                    {"tool_choice", {{"type", "function"}, {"function", {{"name", "f"}}}}},
                    {"parallel_tool_calls", false}});
  const Json whole = server.Post(kChat, body).json()["choices"][0]["message"]["tool_calls"][0];
  body["stream"] = true;
  std::string name;
  std::string arguments;
  std::string id;
  for (const std::string& event : server.Post(kChat, body).events()) {
    if (event == "[DONE]") continue;
    const Json delta = Json::parse(event)["choices"][0]["delta"];
    for (const Json& call : delta.value("tool_calls", Json::array())) {
      EXPECT_EQ(call["index"], 0);
      id += call.value("id", "");
      EXPECT_EQ(call.contains("id"), call.contains("type"));
      name += call["function"].value("name", "");
      arguments += call["function"].value("arguments", "");
    }
  }
  EXPECT_TRUE(id.starts_with("call_"));
  EXPECT_EQ(name, whole["function"]["name"]);
  EXPECT_EQ(arguments, whole["function"]["arguments"]);
}

// Prompts as the model gets them: /tokenize renders what a chat would.
TEST(Tools, ReachTheTemplateOrAreDescribed) {
  const auto num_tokens = [](TestServer& server, const Json& more) -> int64_t {
    Json body = {{"messages", {{{"role", "user"}, {"content", "x"}}}}};
    if (!more.is_null()) body.update(more);
    const HttpReply reply = server.Post("/tokenize", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json()["count"];
  };
  TestServer with_tools({.chat_template = kToolTemplate});
  TestServer without({.chat_template = "{% for m in messages %}{{ m.content }}|{% endfor %}"});
  TestServer no_system({.chat_template =
                            "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}"
                            "{% endif %}{% for m in messages %}{{ m.content }}|{% endfor %}"});
  for (TestServer* server : {&with_tools, &without, &no_system}) {
    EXPECT_EQ(num_tokens(*server, {}), 2);
    EXPECT_GT(num_tokens(*server, {{"tools", kTools}}), 100);
  }
}

TEST(Tools, ANamedToolThatIsNotThereIsRefused) {
  TestServer server;
  const HttpReply reply = server.Post(
      kChat, Chat({{"tools", kTools},
                   {"tool_choice", {{"type", "function"}, {"function", {{"name", "h"}}}}}}));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.json()["error"]["param"], "tool_choice");
}

}  // namespace
}  // namespace redline::engine
