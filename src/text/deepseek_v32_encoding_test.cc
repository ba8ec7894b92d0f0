#include "text/deepseek_v32_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/sanitizers.h"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"
#include "text/parsed_output.h"

namespace redline::text {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

const fs::path kEncodingDir = "../shared/data/encoding";

#define SKIP_WITHOUT(path) \
  if (!fs::exists(path)) GTEST_SKIP() << "NOT TESTED: " << (path) << " is absent"

Result<std::string> Render(const json& context) {
  return MakeDeepSeekV32Encoding()->Render(context.dump());
}

std::vector<json> Lines(const fs::path& path) {
  std::vector<json> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

json GoldenContext(const json& line) {
  json context = line.at("kwargs");
  context["thinking"] = context.at("thinking_mode") == "thinking";
  context["messages"] = line.at("messages");
  return context;
}

TEST(DeepSeekV32EncodingTest, GoldenPrompts) {
  const fs::path path = kEncodingDir / "golden_encode.jsonl";
  SKIP_WITHOUT(path);
  for (const json& line : Lines(path)) {
    const auto prompt = Render(GoldenContext(line));
    if (line.contains("error")) {
      EXPECT_EQ(prompt.status().code(), Code::kInvalidArgument) << line.at("name");
    } else {
      ASSERT_TRUE(prompt.ok()) << line.at("name") << ": " << prompt.status().ToString();
      EXPECT_EQ(*prompt, line.at("prompt")) << line.at("name");
    }
  }
}

// The published tokenizer of DeepSeek-V3; V3.1 and later gave two of its placeholders a meaning.
Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const fs::path& path) {
  RL_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  const std::pair<std::string_view, std::string_view> renamed[] = {
      {"<｜place▁holder▁no▁798｜>", "<think>"}, {"<｜place▁holder▁no▁799｜>", "</think>"}};
  for (const auto& [from, to] : renamed) {
    const size_t at = text.find(from);
    if (at == text.npos) return NotFound("no placeholder in the tokenizer");
    text.replace(at, from.size(), to);
  }
  return MakeHfTokenizer(text, {});
}

TEST(DeepSeekV32EncodingTest, GoldenTokens) {
  const fs::path golden = kEncodingDir / "golden_encode.jsonl";
  const fs::path path = fs::path(kTestDataDir) / "deepseek_v3" / "tokenizer.json";
  SKIP_WITHOUT(golden);
  SKIP_WITHOUT(path);
  const auto tokenizer = LoadTokenizer(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  for (const json& line : Lines(golden)) {
    if (line.contains("error")) continue;
    const auto prompt = Render(GoldenContext(line));
    ASSERT_TRUE(prompt.ok()) << prompt.status().ToString();
    const auto ids = (*tokenizer)->Encode(*prompt, SpecialTokens::kParse);
    ASSERT_TRUE(ids.ok()) << ids.status().ToString();
    EXPECT_EQ(*ids, line.at("token_ids").get<std::vector<TokenId>>()) << line.at("name");
  }
}

TEST(DeepSeekV32EncodingTest, OfficialFixture) {
  const fs::path input = kEncodingDir / "official_test_input.json";
  const fs::path output = kEncodingDir / "official_test_output.txt";
  SKIP_WITHOUT(input);
  const auto text = ReadFile(input);
  const auto expected = ReadFile(output);
  ASSERT_TRUE(text.ok() && expected.ok());
  json context = json::parse(*text);  // {"tools", "messages"}: tools are the first message's
  context["thinking"] = true;
  const auto prompt = Render(context);
  ASSERT_TRUE(prompt.ok()) << prompt.status().ToString();
  EXPECT_EQ(*prompt + "\n", *expected);
}

// Where the official parser raises, this one hands on text, or a call as far as it is certain.
TEST(DeepSeekV32EncodingTest, GoldenAnswers) {
  const fs::path path = kEncodingDir / "golden_parse.jsonl";
  SKIP_WITHOUT(path);
  const std::string block = "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n";
  const std::string call_x1 =
      block +
      "<｜DSML｜parameter name=\"x\" string=\"false\">1</｜DSML｜parameter>\n"
      "</｜DSML｜invoke>\n</｜DSML｜function_calls>";
  const std::map<std::string, ParsedOutput> instead_of_errors = {
      {"err_no_eos", {.content = "Hello"}},
      {"err_thinking_never_closed", {.reasoning = "hmm"}},
      {"err_tool_call_inside_thinking", {.reasoning = "hmm" + call_x1}},
      {"err_text_after_calls", {.content = "tail", .calls = {{"f", R"({"x": 1})"}}}},
      {"err_duplicate_param", {.calls = {{"f", R"({"x": 1, "x": 2})"}}}},
      {"err_bad_string_attr",
       {.content = block + "<｜DSML｜parameter name=\"x\" string=\"maybe\">1</｜DSML｜parameter>\n"
                           "</｜DSML｜invoke>\n</｜DSML｜function_calls>"}},
      {"err_think_token_in_content", {.reasoning = "r", .content = "a<think>b"}},
      {"call_without_leading_blank_line_is_plain_text_then_error",
       {.calls = {{"f", R"({"x": 1})"}}}},
      {"truncated_inside_call", {.calls = {{"f", R"({"x": 1)"}}}},
  };
  for (const json& line : Lines(path)) {
    const std::string name = line.at("name");
    ParsedOutput expected;
    if (line.contains("error")) {
      ASSERT_TRUE(instead_of_errors.contains(name)) << name;
      expected = instead_of_errors.at(name);
    } else {
      const json& message = line.at("message");
      expected = {.reasoning = message.at("reasoning_content"), .content = message.at("content")};
      for (const json& call : message.at("tool_calls"))
        expected.calls.push_back({call["function"]["name"], call["function"]["arguments"]});
    }
    std::string text = line.at("text");
    if (const size_t eos = text.find("<｜end▁of▁sentence｜>"); eos != text.npos) text.resize(eos);
    const OutputFormat format = {.reasoning_parser = "deepseek-v3",
                                 .tool_call_parser = "deepseekv32",
                                 .tools = {{"f", ""}, {"g", ""}, {"noargs", ""}},
                                 .starts_in_reasoning = line.at("thinking_mode") == "thinking"};
    EXPECT_EQ(ParseInPieces(format, text, {}), expected) << name;
    EXPECT_EQ(ParseByteByByte(format, text), expected) << name;
  }
}

struct Case {
  const char* context;
  std::string prompt;
};

TEST(DeepSeekV32EncodingTest, Prompts) {
  const std::string bos = "<｜begin▁of▁sentence｜>";
  const Case cases[] = {
      {R"({"messages": []})", bos},
      {R"({"messages": [{"role": "user", "content": "你好"}]})",
       bos + "<｜User｜>你好<｜Assistant｜></think>"},
      {R"({"messages": [{"role": "user", "content": "a"}], "enable_thinking": true})",
       bos + "<｜User｜>a<｜Assistant｜><think>"},
      {R"({"messages": [{"role": "user", "content": "a"}], "add_generation_prompt": false,
           "thinking": true})",
       bos + "<｜User｜>a"},
      {R"({"messages": [{"role": "user", "content": "u"},
            {"role": "assistant", "content": "a", "reasoning_content": "r"},
            {"role": "user", "content": "v"}], "thinking": true, "drop_thinking": false,
           "unheard": [1]})",
       bos + "<｜User｜>u<｜Assistant｜></"
             "think>a<｜end▁of▁sentence｜><｜User｜>v<｜Assistant｜><think>"},
      {R"({"messages": [{"role": "user", "content": "u"},
            {"role": "assistant", "content": null, "tool_calls": [
              {"function": {"name": "f", "arguments": {"x": 1e2, "s": "\"", "o": {"b":[1,2]}}}},
              {"function": {"name": "g", "arguments": "{}"}}]},
            {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]})",
       bos + "<｜User｜>u<｜Assistant｜></think>\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke "
             "name=\"f\">\n"
             "<｜DSML｜parameter name=\"x\" string=\"false\">100.0</｜DSML｜parameter>\n"
             "<｜DSML｜parameter name=\"s\" string=\"true\">\"</｜DSML｜parameter>\n"
             "<｜DSML｜parameter name=\"o\" string=\"false\">{\"b\": [1, 2]}</｜DSML｜parameter>\n"
             "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"g\">\n\n</｜DSML｜invoke>\n"
             "</｜DSML｜function_calls><｜end▁of▁sentence｜>\n\n<function_results>\n<result>1</"
             "result>\n"
             "<result>2</result>\n</function_results>\n\n</think>"},
  };
  for (const Case& c : cases) {
    const auto prompt = MakeDeepSeekV32Encoding()->Render(c.context);
    ASSERT_TRUE(prompt.ok()) << prompt.status().ToString();
    EXPECT_EQ(*prompt, c.prompt);
  }
}

TEST(DeepSeekV32EncodingTest, ToolsOfTheRequestStandWithTheFirstSystemMessage) {
  const json tools = {{{"type", "function"}, {"function", {{"name", "f"}, {"parameters", {}}}}}};
  const json user = {{"role", "user"}, {"content", "u"}};
  const json system = {{"role", "system"}, {"content", "S"}};
  const auto without = Render({{"messages", {user}}, {"tools", tools}});
  const auto with = Render({{"messages", {system, user}}, {"tools", tools}});
  ASSERT_TRUE(without.ok() && with.ok());
  EXPECT_THAT(*without, ::testing::StartsWith("<｜begin▁of▁sentence｜>\n\n## Tools\n\nYou have"));
  EXPECT_THAT(*with, ::testing::StartsWith("<｜begin▁of▁sentence｜>S\n\n## Tools\n\nYou have"));
  EXPECT_THAT(*with, ::testing::EndsWith("<functions>\n{\"name\": \"f\", \"parameters\": null}\n"
                                         "</functions>\n<｜User｜>u<｜Assistant｜></think>"));
}

TEST(DeepSeekV32EncodingTest, BadConversations) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "JSON"},
      {"[]", "context"},
      {R"({"messages": {}})", "messages"},
      {R"({"messages": [7]})", "messages[0]"},
      {R"({"messages": [{"role": "user", "content": ["a"]}]})", "messages[0].content"},
      {R"({"messages": [], "thinking": 1})", "thinking"},
      {R"({"messages": [], "tools": [{"name": "f"}]})", "tools[0].function"},
      {R"({"messages": [{"role": "user"}, {"role": "assistant", "tool_calls": [{}]}]})",
       "messages[1].tool_calls[0].function.name"},
      {R"({"messages": [{"role": "assistant", "tool_calls":
           [{"function": {"name": "f", "arguments": "{\"x\": 1"}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages": [{"role": "assistant", "tool_calls":
           [{"function": {"name": "f", "arguments": "[]"}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages": [{"role": "tool", "content": "x"}]})", "messages[0]"},
      {R"({"messages": [{"role": "assistant", "tool_calls":
           [{"function": {"name": "f", "arguments": {}}}]},
          {"role": "tool"}, {"role": "tool"}]})",
       "messages[2]"},
      {R"({"messages": [{"role": "function"}]})", "unknown role \"function\""},
      {R"({"messages": [{"role": "developer"}]})", "messages[0]"},
  };
  for (const auto& [context, message] : cases) {
    const Status status = MakeDeepSeekV32Encoding()->Render(context).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << context;
    EXPECT_THAT(status.message(), ::testing::HasSubstr(message));
  }
}

TEST(DeepSeekV32EncodingTest, ManyMessagesTakeLinearTime) {
  json messages = json::array();
  const int num_messages = kIsSanitized ? 10'000 : 100'000;
  for (int i = 0; i < num_messages; ++i) messages.push_back({{"role", "user"}, {"content", "a"}});
  EXPECT_TRUE(Render({{"messages", messages}}).ok());
}

}  // namespace
}  // namespace redline::text
