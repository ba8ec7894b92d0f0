#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "openai/chat_request.h"
#include "openai/completion_request.h"
#include "openai/field_table.h"

namespace redline::openai {
namespace {

std::string Chat(const std::string& extra) {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}])" +
         (extra.empty() ? "" : "," + extra) + "}";
}
std::string Completion(const std::string& extra) {
  return R"({"model":"m","prompt":"hi")" + (extra.empty() ? "" : "," + extra) + "}";
}

struct Refused {
  std::string extra;
  std::string param;
};

// Fields of both endpoints, each over its domain.
const std::vector<Refused> kRefusedEverywhere = {
    {R"("temperature":-1)", "temperature"},
    {R"("temperature":2.1)", "temperature"},
    {R"("temperature":1e308)", "temperature"},
    {R"("temperature":"hot")", "temperature"},
    {R"("temperature":true)", "temperature"},
    {R"("temperature":[1])", "temperature"},
    {R"("top_p":0)", "top_p"},
    {R"("top_p":1.1)", "top_p"},
    {R"("top_p":-0.5)", "top_p"},
    {R"("top_k":-2)", "top_k"},
    {R"("top_k":1.5)", "top_k"},
    {R"("top_k":4294967296)", "top_k"},
    {R"("min_p":-0.1)", "min_p"},
    {R"("min_p":1.01)", "min_p"},
    {R"("seed":9223372036854775808)", "seed"},
    {R"("seed":"abc")", "seed"},
    {R"("seed":1.5)", "seed"},
    {R"("seed":1e30)", "seed"},
    {R"("max_tokens":0)", "max_tokens"},
    {R"("max_tokens":-5)", "max_tokens"},
    {R"("max_tokens":1000000000000000000)", "max_tokens"},
    {R"("max_tokens":1e18)", "max_tokens"},
    {R"("max_tokens":1.5)", "max_tokens"},
    {R"("max_tokens":"5")", "max_tokens"},
    {R"("max_completion_tokens":0)", "max_completion_tokens"},
    {R"("n":0)", "n"},
    {R"("n":2)", "n"},
    {R"("n":1000000)", "n"},
    {R"("n":"1")", "n"},
    {R"("stop":[""])", "stop"},
    {R"("stop":"")", "stop"},
    {R"("stop":["a","b","c","d","e"])", "stop"},
    {R"("stop":[1])", "stop"},
    {R"("stop":{"a":1})", "stop"},
    {R"("stop":")" + std::string(10 << 20, 'x') + "\"", "stop"},
    {R"("presence_penalty":3)", "presence_penalty"},
    {R"("presence_penalty":0.5)", "presence_penalty"},
    {R"("frequency_penalty":-2.5)", "frequency_penalty"},
    {R"("repetition_penalty":1.1)", "repetition_penalty"},
    {R"("logit_bias":{"999999":5})", "logit_bias"},
    {R"("logit_bias":{"abc":"x"})", "logit_bias"},
    {R"("response_format":{"type":"json_object"})", "response_format"},
    {R"("response_format":"zzz")", "response_format"},
    {R"("min_tokens":5)", "min_tokens"},
    {R"("stop_token_ids":[1])", "stop_token_ids"},
    {R"("guided_json":{})", "guided_json"},
    {R"("stream":"yes")", "stream"},
    {R"("stream":1)", "stream"},
    {R"("stream_options":{"include_usage":true})", "stream_options"},
    {R"("stream":true,"stream_options":{"include_usage":1})", "stream_options.include_usage"},
    {R"("stream":true,"stream_options":true)", "stream_options"},
    {R"("stream":true,"stream_options":{"continuous_usage_stats":true})",
     "stream_options.continuous_usage_stats"},
    {R"("ignore_eos":1)", "ignore_eos"},
    {R"("user":5)", "user"},
    {R"("user":")" + std::string(600, 'u') + "\"", "user"},
};

const std::vector<Refused> kRefusedInChat = {
    {R"("logprobs":true)", "logprobs"},
    {R"("top_logprobs":21)", "top_logprobs"},
    {R"("top_logprobs":5)", "top_logprobs"},
    {R"("tools":[{"type":"function"}])", "tools"},
    {R"("tool_choice":{"type":"function","function":{"name":"f"}})", "tool_choice"},
    {R"("tool_choice":"required")", "tool_choice"},
    {R"("reasoning_effort":"high")", "reasoning_effort"},
    {R"("chat_template_kwargs":{"chat_template":"x"})", "chat_template_kwargs"},
    {R"("modalities":["audio"])", "modalities"},
};

const std::vector<Refused> kRefusedInCompletions = {
    {R"("logprobs":0)", "logprobs"}, {R"("logprobs":6)", "logprobs"},  {R"("echo":true)", "echo"},
    {R"("best_of":3)", "best_of"},   {R"("suffix":"tail")", "suffix"},
};

const std::vector<std::string> kAcceptedEverywhere = {
    "",
    R"("temperature":0)",
    R"("temperature":2)",
    R"("temperature":null,"top_p":null,"seed":null,"stop":null,"max_tokens":null,"n":null)",
    R"("top_p":1)",
    R"("top_p":1e-9)",
    R"("top_k":-1)",
    R"("top_k":0)",
    R"("max_tokens":2147483647)",
    R"("max_tokens":16.0)",
    R"("seed":-9223372036854775808)",
    R"("stop":[])",
    R"("stop":"\n")",
    R"("n":1,"presence_penalty":0,"frequency_penalty":0.0,"logit_bias":{})",
    R"("response_format":{"type":"text"})",
    R"("stream":true,"stream_options":{"include_usage":true})",
    R"("stream":false,"stream_options":null)",
    R"("user":"someone","ignore_eos":true)",
};

template <typename Parse>
void ExpectRefused(const std::vector<Refused>& cases, std::string (*body)(const std::string&),
                   Parse parse) {
  for (const Refused& refused : cases) {
    const Status status = parse(body(refused.extra)).status();
    const std::string shown = refused.extra.substr(0, 80);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << shown;
    EXPECT_EQ(status.param(), refused.param) << shown;
    EXPECT_LT(status.message().size(), 400u) << shown;
  }
}

TEST(FieldTable, RefusesValuesOutsideTheirDomain) {
  ExpectRefused(kRefusedEverywhere, Chat, ParseChatRequest);
  ExpectRefused(kRefusedEverywhere, Completion, ParseCompletionRequest);
  ExpectRefused(kRefusedInChat, Chat, ParseChatRequest);
  ExpectRefused(kRefusedInCompletions, Completion, ParseCompletionRequest);
}

TEST(FieldTable, AcceptsTheEdgesOfEachDomain) {
  for (const std::string& extra : kAcceptedEverywhere) {
    EXPECT_TRUE(ParseChatRequest(Chat(extra)).ok()) << extra;
    EXPECT_TRUE(ParseCompletionRequest(Completion(extra)).ok()) << extra;
  }
  EXPECT_TRUE(ParseChatRequest(Chat(R"("tools":[],"tool_choice":"auto","logprobs":false)")).ok());
  EXPECT_TRUE(ParseCompletionRequest(Completion(R"("echo":false,"suffix":null)")).ok());
}

TEST(FieldTable, MessagesSayTheRealValue) {
  const Status status = ParseChatRequest(Chat(R"("max_tokens":1000000000000000000)")).status();
  EXPECT_NE(status.message().find("1000000000000000000"), std::string::npos) << status.message();
  EXPECT_NE(ParseChatRequest(Chat(R"("n":2)")).status().message().find("not supported"),
            std::string::npos);
}

TEST(FieldTable, ReadsValues) {
  const auto request = ParseChatRequest(
      Chat(R"("temperature":0.7,"top_p":0.9,"top_k":40,"min_p":0.05,"seed":-7,)"
           R"("stop":["a","b"],"max_tokens":5,"max_completion_tokens":9,"ignore_eos":true,)"
           R"("stream":true,"stream_options":{"include_usage":true},"user":"u")"));
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  const GenerationFields& fields = request->fields;
  EXPECT_EQ(fields.model, "m");
  EXPECT_DOUBLE_EQ(*fields.temperature, 0.7);
  EXPECT_DOUBLE_EQ(*fields.top_p, 0.9);
  EXPECT_EQ(*fields.top_k, 40);
  EXPECT_DOUBLE_EQ(*fields.min_p, 0.05);
  EXPECT_EQ(*fields.seed, -7);
  EXPECT_EQ(fields.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*fields.max_tokens, 9);
  EXPECT_TRUE(fields.ignore_eos);
  EXPECT_TRUE(fields.stream);
  EXPECT_TRUE(fields.include_usage);
  EXPECT_TRUE(fields.unknown_fields.empty());
}

TEST(FieldTable, AbsentFieldsStayAbsent) {
  const auto request = ParseChatRequest(Chat(R"("temperature":null)"));
  ASSERT_TRUE(request.ok());
  EXPECT_FALSE(request->fields.temperature.has_value());
  EXPECT_FALSE(request->fields.max_tokens.has_value());
  EXPECT_FALSE(request->fields.seed.has_value());
}

TEST(FieldTable, UnknownFieldsAreReported) {
  const auto request =
      ParseChatRequest(Chat(R"("zap":1,"stream":true,"stream_options":{"other":1})"));
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  EXPECT_EQ(request->fields.unknown_fields,
            (std::vector<std::string>{"stream_options.other", "zap"}));
}

TEST(FieldTable, EveryRowSaysWhatItAccepts) {
  const auto fields = DescribeFields();
  EXPECT_GT(fields.size(), 40u);
  for (const FieldDescription& field : fields) {
    EXPECT_FALSE(field.accepts.empty()) << field.name;
    EXPECT_TRUE(field.in_chat || field.in_completions) << field.name;
  }
}

TEST(Requests, HostileBodies) {
  const std::vector<std::string> bodies = {
      "",
      "{",
      "[]",
      "\"x\"",
      "null",
      "7",
      "{}",
      std::string(100000, '['),
      "\xFF\xFE",
      Chat("\"a\":\"\\ud800\""),
      Chat("\"temperature\":1,\"temperature\":2"),
      Chat("\"temperature\":NaN"),
      Chat("\"temperature\":Infinity"),
      Chat("\"temperature\":1e400"),
      Chat("\"user\":\"\xC3\x28\""),
      Chat("\"user\":\"a") + std::string(1, '\0') + "\"}",
      Chat("") + "x",
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(ParseChatRequest(body).status().code(), Code::kInvalidArgument) << body.substr(0, 60);
    EXPECT_EQ(ParseCompletionRequest(body).status().code(), Code::kInvalidArgument)
        << body.substr(0, 60);
  }
}

struct BadMessages {
  std::string messages;
  std::string param;
};

TEST(ChatRequestTest, RefusesMalformedMessages) {
  const std::vector<BadMessages> cases = {
      {"null", "messages"},
      {"[]", "messages"},
      {R"("hi")", "messages"},
      {"[5]", "messages[0]"},
      {R"([{"content":"a"}])", "messages[0].role"},
      {R"([{"role":"bogus","content":"a"}])", "messages[0].role"},
      {R"([{"role":7,"content":"a"}])", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":null}])", "messages[0].content"},
      {R"([{"role":"user","content":5}])", "messages[0].content"},
      {R"([{"role":"user","content":[]}])", "messages[0].content"},
      {R"([{"role":"user","content":"a"},{"role":"user","content":["a"]}])",
       "messages[1].content[0]"},
      {R"([{"role":"user","content":[{"type":"text","text":5}]}])", "messages[0].content[0].text"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}])",
       "messages[0].content[0]"},
      {R"([{"role":"tool","content":"42"}])", "messages[0].tool_call_id"},
      {R"([{"role":"assistant","content":"a","tool_calls":[{"id":"1"}]}])",
       "messages[0].tool_calls"},
      {R"([{"role":"user","content":"a","name":5}])", "messages[0].name"},
  };
  for (const BadMessages& bad : cases) {
    const Status status =
        ParseChatRequest(R"({"model":"m","messages":)" + bad.messages + "}").status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << bad.messages;
    EXPECT_EQ(status.param(), bad.param) << bad.messages;
  }
  EXPECT_EQ(ParseChatRequest(R"({"model":"m"})").status().param(), "messages");
  EXPECT_EQ(ParseChatRequest(R"({"messages":[{"role":"user","content":"a"}]})").status().param(),
            "model");
  EXPECT_EQ(ParseChatRequest(R"({"model":null,"messages":[]})").status().param(), "model");
}

TEST(ChatRequestTest, ReadsEveryRoleAndJoinsTextParts) {
  const auto request = ParseChatRequest(
      R"({"model":"m","messages":[
        {"role":"system","content":"s"},
        {"role":"developer","content":"d"},
        {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"Bo"},
        {"role":"assistant","content":"","tool_calls":null,"refusal":null},
        {"role":"tool","content":"42","tool_call_id":"call_1"}]})");
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  ASSERT_EQ(request->messages.size(), 5u);
  EXPECT_EQ(request->messages[2].content, "a\nb");
  const auto json = nlohmann::json::parse(MessagesJson(request->messages));
  EXPECT_EQ(json[0], (nlohmann::json{{"role", "system"}, {"content", "s"}}));
  EXPECT_EQ(json[2]["name"], "Bo");
  EXPECT_EQ(json[3]["content"], "");
  EXPECT_EQ(json[4]["tool_call_id"], "call_1");
}

TEST(CompletionRequestTest, Prompts) {
  const auto parse = [](const std::string& prompt) {
    return ParseCompletionRequest(R"({"model":"m","prompt":)" + prompt + "}");
  };
  EXPECT_EQ(std::get<std::string>(parse(R"("x")")->prompt), "x");
  EXPECT_EQ(std::get<std::string>(parse(R"(["x"])")->prompt), "x");
  EXPECT_EQ(std::get<1>(parse("[1,2,2147483647]")->prompt),
            (std::vector<int32_t>{1, 2, 2147483647}));
  EXPECT_EQ(std::get<1>(parse("[[0]]")->prompt), (std::vector<int32_t>{0}));
  for (const char* bad : {"null", "[]", "5", "{}", "[-1]", "[2147483648]", "[1.5]", "[1,\"a\"]",
                          R"(["a","b"])", "[[1],[2]]", "[[]]", "[[\"a\"]]", "[null]", "true"}) {
    const Status status = parse(bad).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << bad;
    EXPECT_EQ(status.param(), "prompt") << bad;
  }
}

}  // namespace
}  // namespace redline::openai
