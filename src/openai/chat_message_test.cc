#include "openai/chat_message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "openai/chat_request.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

Result<ChatRequest> Parse(const std::string& messages) {
  return ParseChatRequest(R"({"model":"m","messages":)" + messages + "}");
}

std::string Call(const std::string& call) {
  return R"([{"role":"assistant","tool_calls":[)" + call + "]}]";
}

struct BadMessages {
  std::string messages;
  std::string param;
};

TEST(ChatMessages, RefusesWhatIsMalformed) {
  const std::vector<BadMessages> cases = {
      {"null", "messages"},
      {"[]", "messages"},
      {R"("hi")", "messages"},
      {"[5]", "messages[0]"},
      {R"([{"content":"a"}])", "messages[0].role"},
      {R"([{"role":"bogus","content":"a"}])", "messages[0].role"},
      {R"([{"role":"function","content":"a"}])", "messages[0].role"},
      {R"([{"role":7,"content":"a"}])", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":null}])", "messages[0].content"},
      {R"([{"role":"assistant","content":null}])", "messages[0].content"},
      {R"([{"role":"assistant","content":null,"tool_calls":[]}])", "messages[0].content"},
      {R"([{"role":"user","content":5}])", "messages[0].content"},
      {R"([{"role":"user","content":[]}])", "messages[0].content"},
      {R"([{"role":"user","content":"a"},{"role":"user","content":["a"]}])",
       "messages[1].content[0]"},
      {R"([{"role":"user","content":[{"type":"text","text":5}]}])", "messages[0].content[0].text"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}])",
       "messages[0].content[0]"},
      {R"([{"role":"tool","content":"42"}])", "messages[0].tool_call_id"},
      {R"([{"role":"tool","content":"42","tool_call_id":5}])", "messages[0].tool_call_id"},
      {R"([{"role":"user","content":"a","name":5}])", "messages[0].name"},
      {R"([{"role":"assistant","content":"a","reasoning_content":5}])",
       "messages[0].reasoning_content"},
      {R"([{"role":"assistant","content":"a","function_call":{"name":"f"}}])",
       "messages[0].function_call"},
      {R"([{"role":"assistant","content":"a","refusal":"no"}])", "messages[0].refusal"},
      {R"([{"role":"assistant","content":"a","prefix":true}])", "messages[0].prefix"},
      {R"([{"role":"user","content":"a","tool_calls":[{"id":"1"}]}])", "messages[0].tool_calls"},
      {R"([{"role":"assistant","content":"a","tool_calls":{}}])", "messages[0].tool_calls"},
      {Call(R"({"id":"1"})"), "messages[0].tool_calls[0]"},
      {Call(R"({"id":"1","type":"web","function":{"name":"f","arguments":"{}"}})"),
       "messages[0].tool_calls[0]"},
      {Call(R"({"function":{"name":"f","arguments":"{}"}})"), "messages[0].tool_calls[0].id"},
      {Call(R"({"id":"1","function":{"arguments":"{}"}})"),
       "messages[0].tool_calls[0].function.name"},
      {Call(R"({"id":"1","function":{"name":"a b","arguments":"{}"}})"),
       "messages[0].tool_calls[0].function.name"},
      {Call(R"({"id":"1","function":{"name":"f","arguments":{}}})"),
       "messages[0].tool_calls[0].function.arguments"},
      {Call(R"({"id":"1","function":{"name":"f"}})"),
       "messages[0].tool_calls[0].function.arguments"},
  };
  for (const BadMessages& bad : cases) {
    const Status status = Parse(bad.messages).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << bad.messages;
    EXPECT_EQ(status.param(), bad.param) << bad.messages;
  }
  EXPECT_EQ(ParseChatRequest(R"({"model":"m"})").status().param(), "messages");
  EXPECT_EQ(ParseChatRequest(R"({"messages":[{"role":"user","content":"a"}]})").status().param(),
            "model");
  EXPECT_EQ(ParseChatRequest(R"({"model":null,"messages":[]})").status().param(), "model");
}

TEST(ChatMessages, ReadsEveryRoleAndJoinsTextParts) {
  const auto request = Parse(
      R"([{"role":"system","content":"s"},
        {"role":"developer","content":"d"},
        {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"Bo"},
        {"role":"assistant","content":"","tool_calls":null,"refusal":null,
         "reasoning_content":"hm"},
        {"role":"tool","content":"42","tool_call_id":"call_1"}])");
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  ASSERT_EQ(request->messages.size(), 5u);
  EXPECT_EQ(request->messages[2].content, "a\nb");
  const Json json = Json::parse(MessagesJson(request->messages));
  EXPECT_EQ(json[0], (Json{{"role", "system"}, {"content", "s"}}));
  EXPECT_EQ(json[2]["name"], "Bo");
  EXPECT_EQ(json[3]["content"], "");
  EXPECT_EQ(json[3]["reasoning_content"], "hm");
  EXPECT_EQ(json[4]["tool_call_id"], "call_1");
}

// Arguments keep the order in which the model wrote them; what is no object stays text.
TEST(ChatMessages, GivesTemplatesToolCallsWithArgumentsAsObjects) {
  const auto arguments = [](const std::string& text) {
    const auto request =
        Parse(Call(R"({"id":"c","function":{"name":"f","arguments":)" + Json(text).dump() + "}}"));
    EXPECT_TRUE(request.ok()) << request.status().ToString();
    const std::string json = MessagesJson(request->messages);
    const size_t begin = json.find("\"arguments\":") + 12;
    EXPECT_TRUE(Json::accept(json)) << json;
    return json.substr(begin, json.size() - 5 - begin);
  };
  EXPECT_EQ(arguments(R"({"z":1,"a":[2]})"), R"({"z":1,"a":[2]})");
  EXPECT_EQ(arguments(""), "{}");
  EXPECT_EQ(arguments(R"({"z":)"), R"("{\"z\":")");
  EXPECT_EQ(arguments("5"), R"("5")");
}

}  // namespace
}  // namespace redline::openai
