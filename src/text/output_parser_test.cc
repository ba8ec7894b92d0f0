#include "text/output_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "base/strings.h"
#include "text/parsed_output.h"

namespace redline::text {
namespace {

const std::vector<ToolDefinition>& Tools() {
  static const std::vector<ToolDefinition> tools = {
      {"f", R"({"type": "object", "properties": {"x": {"type": "integer"}}})"},
      {"g", ""},
      {"get_weather", "{}"},
  };
  return tools;
}

OutputFormat Format(std::string_view tool_call_parser, std::string_view reasoning_parser = "") {
  return {.reasoning_parser = std::string(reasoning_parser),
          .tool_call_parser = std::string(tool_call_parser),
          .tools = Tools()};
}

// Every way to cut the text in two, byte by byte, and some ways to cut it in many.
void ExpectSameForEverySplit(const OutputFormat& format, std::string_view text) {
  const ParsedOutput whole = ParseInPieces(format, text, {});
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const size_t cuts[] = {cut};
    ASSERT_EQ(ParseInPieces(format, text, cuts), whole) << "cut at " << cut << " of: " << text;
  }
  ASSERT_EQ(ParseByteByByte(format, text), whole) << text;
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<size_t> cuts(random() % 8);
    for (size_t& cut : cuts) cut = random() % (text.size() + 1);
    std::sort(cuts.begin(), cuts.end());
    ASSERT_EQ(ParseInPieces(format, text, cuts), whole) << text;
  }
}

struct Case {
  const char* parser;
  std::string text;
  std::string content;
  std::vector<ParsedCall> calls;
};

void ExpectCases(std::span<const Case> cases) {
  for (const Case& c : cases) {
    const ParsedOutput expected{.reasoning = "", .content = c.content, .calls = c.calls};
    const OutputFormat format = Format(c.parser);
    EXPECT_EQ(ParseInPieces(format, c.text, {}), expected) << c.parser << ": " << c.text;
    ExpectSameForEverySplit(format, c.text);
  }
}

TEST(OutputParserTest, Hermes) {
  const Case cases[] = {
      {"hermes", "Hello.\n", "Hello.\n", {}},
      {"hermes",
       "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>",
       "",
       {{"f", R"({"x": 1})"}}},
      {"qwen",
       "Let me see.\n\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>\n"
       "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>\n",
       "Let me see.",
       {{"f", R"({"x": 1})"}, {"g", "{}"}}},
      // White space is free, the keys' order too; other keys are skipped.
      {"hermes",
       "<tool_call>{\"id\":[1,{\"name\":2}],\"arguments\":{\"s\":\"}\\\"</tool_call>\"},\"name\":"
       "\"f\" , \"k\":-1.5e3}</tool_call>",
       "",
       {{"f", R"({"s":"}\"</tool_call>"})"}}},
      {"hermes",
       R"(<tool_call>{"name":"f","parameters":{"a":{"b":[]}}}</tool_call>)",
       "",
       {{"f", R"({"a":{"b":[]}})"}}},
      {"hermes", R"(<tool_call>{"name":"g"}</tool_call>)", "", {{"g", "{}"}}},
      {"hermes", R"(<tool_call>{"name":"\u0066","arguments":{}}</tool_call>)", "", {{"f", "{}"}}},
      {"hermes",
       R"(<tool_call>[{"name":"f","arguments":{}},{"name":"g"}]</tool_call>)",
       "",
       {{"f", "{}"}, {"g", "{}"}}},
      // Text around calls is content, without the white space next to them.
      {"hermes",
       "a  <tool_call>{\"name\":\"g\"}</tool_call> b <tool_call>{\"name\":\"f\"}",
       "ab",
       {{"g", "{}"}, {"f", "{}"}}},
      {"hermes",
       "1 < 2 <tool <<tool_call>{\"name\":\"g\"}</tool_call>",
       "1 < 2 <tool <",
       {{"g", "{}"}}},
      // A raw line break inside a string is escaped.
      {"hermes",
       "<tool_call>{\"name\":\"f\",\"arguments\":{\"s\":\"a\n\tb\x01\"}}</tool_call>",
       "",
       {{"f", R"({"s":"a\n\tb\u0001"})"}}},
      // Missing ends are forgiven.
      {"hermes",
       R"(<tool_call>{"name":"f","arguments":{"x":1}</tool_call> done)",
       "done",
       {{"f", R"({"x":1})"}}},
      {"hermes", R"(<tool_call>{"name":"f","arguments":{"x":1}})", "", {{"f", R"({"x":1})"}}},
      {"hermes",
       R"(<tool_call>{"name":"f","arguments":{"x":1}}</tool_c)",
       "",
       {{"f", R"({"x":1})"}}},
  };
  ExpectCases(cases);
}

TEST(OutputParserTest, NoCallIsContentAsItStands) {
  const Case cases[] = {
      {"hermes",
       "a \n <tool_call>\n{\"name\": \"unheard\", \"arguments\": {}}\n</tool_call> b",
       "a \n <tool_call>\n{\"name\": \"unheard\", \"arguments\": {}}\n</tool_call> b",
       {}},
      {"hermes", " <tool_call> <tool_call>{\"name\":\"g\"}", " <tool_call> ", {{"g", "{}"}}},
      {"hermes",
       "<tool_call>{\"name\":\"f\",\"arguments\":\"{}\"}</tool_call>",
       "<tool_call>{\"name\":\"f\",\"arguments\":\"{}\"}</tool_call>",
       {}},
      {"hermes", "<tool_call>{\"name\":7}", "<tool_call>{\"name\":7}", {}},
      {"hermes", "<tool_call>{\"arguments\":{}}", "<tool_call>{\"arguments\":{}}", {}},
      {"hermes", "<tool_call>{name:\"f\"}", "<tool_call>{name:\"f\"}", {}},
      {"hermes", "<tool_call>{\"\\ud800\":1}", "<tool_call>{\"\\ud800\":1}", {}},
      {"hermes", "<tool_call>{\"name\":\"f\", \"argu", "<tool_call>{\"name\":\"f\", \"argu", {}},
      {"hermes", "x <tool_ca", "x <tool_ca", {}},
      {"llama3_json",
       R"({"name": "unheard", "parameters": {}})",
       R"({"name": "unheard", "parameters": {}})",
       {}},
      {"llama3_json", R"({"name": "f"})", R"({"name": "f"})", {}},
      {"mistral", "[TOOL_CALLS]unheard{}", "[TOOL_CALLS]unheard{}", {}},
      {"mistral", "[TOOL_CALLS]f[ARGS]1", "[TOOL_CALLS]f[ARGS]1", {}},
      {"mistral", "[TOOL_CALLS] [1]", "[TOOL_CALLS] [1]", {}},
      {"json", "[1, 2]\n{\"name\": \"f\"}", "[1, 2]\n{\"name\": \"f\"}", {}},
      {"json", "```json\n{\"a\": 1}\n```\n", "```json\n{\"a\": 1}\n```\n", {}},
      {"deepseekv3", "<｜tool▁calls▁begin｜>x", "<｜tool▁calls▁begin｜>x", {}},
      {"deepseekv31",
       "<｜tool▁call▁begin｜>h<｜tool▁sep｜>{}",
       "<｜tool▁call▁begin｜>h<｜tool▁sep｜>{}",
       {}},
      {"deepseekv32",
       "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"h\">\n</｜DSML｜invoke>",
       "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"h\">\n</｜DSML｜invoke>",
       {}},
      {"deepseekv32", "<｜DSML｜x", "<｜DSML｜x", {}},
  };
  ExpectCases(cases);
}

// What was handed on cannot be taken back: the arguments stay as they are, the rest is content.
TEST(OutputParserTest, DamageInsideArguments) {
  const Case cases[] = {
      {"hermes",
       R"(<tool_call>{"name":"f","arguments":{"a":1]}}</tool_call>)",
       "]}}</tool_call>",
       {{"f", R"({"a":1)"}}},
      {"hermes", R"(<tool_call>{"name":"f","arguments":{"a":tru)", "", {{"f", R"({"a":tru)"}}},
      {"hermes",
       "<tool_call>{\"name\":\"f\",\"arguments\":{}, 7} <tool_call>{\"name\":\"g\"}",
       ", 7}",
       {{"f", "{}"}, {"g", "{}"}}},
      {"mistral", "[TOOL_CALLS][{\"name\":\"f\",\"arguments\":{}}, x]", ", x]", {{"f", "{}"}}},
      {"deepseekv31",
       "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": 01}",
       "1}",
       {{"f", "{\"a\": 0"}}},
      {"deepseekv32",
       "<｜DSML｜invoke name=\"f\"><｜DSML｜parameter name=\"x\" "
       "string=\"false\">1</｜DSML｜parameter>"
       "\n<｜DSML｜parameter name=\"y\" string=\"maybe\">",
       "\n<｜DSML｜parameter name=\"y\" string=\"maybe\">",
       {{"f", "{\"x\": 1"}}},
  };
  ExpectCases(cases);
}

TEST(OutputParserTest, Llama3Json) {
  const Case cases[] = {
      {"llama3_json", R"({"name": "f", "parameters": {"x": 1}})", "", {{"f", R"({"x": 1})"}}},
      {"llama3_json",
       "\n\n{\"type\": \"function\", \"name\": \"f\", \"parameters\": {}}",
       "",
       {{"f", "{}"}}},
      {"llama3_json",
       R"(<|python_tag|>{"name": "f", "parameters": {}};{"name":"g","arguments":{}})",
       "",
       {{"f", "{}"}, {"g", "{}"}}},
      {"llama3_json",
       R"(Sure. <|python_tag|> {"name": "f", "parameters": {}})",
       "Sure.",
       {{"f", "{}"}}},
      {"llama3_json",
       "{\"name\": \"f\", \"parameters\": {}}\n{\"name\":\"g\",\"parameters\":{}} end",
       "end",
       {{"f", "{}"}, {"g", "{}"}}},
      {"llama3_json",
       R"(Use {"name": "f", "parameters": {}})",
       R"(Use {"name": "f", "parameters": {}})",
       {}},
      {"llama3_json", "<|python_tag|>print(1)", "<|python_tag|>print(1)", {}},
  };
  ExpectCases(cases);
}

TEST(OutputParserTest, Mistral) {
  const Case cases[] = {
      {"mistral",
       R"([TOOL_CALLS][{"name": "f", "arguments": {"x": 1}, "id": "123456789"}])",
       "",
       {{"f", R"({"x": 1})"}}},
      {"mistral",
       R"(Hi [TOOL_CALLS] [{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}] end)",
       "Hiend",
       {{"f", "{}"}, {"g", "{}"}}},
      {"mistral",
       R"([TOOL_CALLS]f{"x": 1}[TOOL_CALLS]get_weather[ARGS]{"y": 2})",
       "",
       {{"f", R"({"x": 1})"}, {"get_weather", R"({"y": 2})"}}},
      {"mistral", R"([TOOL_CALLS]f[CALL_ID]aB3[ARGS] {"x": 1})", "", {{"f", R"({"x": 1})"}}},
      {"mistral", "[TOOL_CAL [[TOOL_CALLS]f{}", "[TOOL_CAL [", {{"f", "{}"}}},
  };
  ExpectCases(cases);
}

TEST(OutputParserTest, Json) {
  const Case cases[] = {
      {"json", R"({"name": "f", "arguments": {"x": 1}})", "", {{"f", R"({"x": 1})"}}},
      {"json",
       R"([{"name": "f", "parameters": {}}, {"name": "g", "arguments": {}}])",
       "",
       {{"f", "{}"}, {"g", "{}"}}},
      {"json",
       "Sure!\n\n```json\n{\"name\": \"f\", \"arguments\": {}}\n```\nDone.",
       "Sure!Done.",
       {{"f", "{}"}}},
      {"json", "```\n[{\"name\": \"f\", \"arguments\": {}}]", "", {{"f", "{}"}}},
      {"json",
       "a {\"name\": \"f\", \"arguments\": {}}\n  {\"name\": \"g\", \"arguments\": {}} b",
       "a {\"name\": \"f\", \"arguments\": {}}b",
       {{"g", "{}"}}},
      {"json",
       "{\"name\": \"f\", \"arguments\": {}}\n{\"name\": \"g\", \"arguments\": {}}",
       "",
       {{"f", "{}"}, {"g", "{}"}}},
      {"json", "{\"a\": 1}\n{\"name\": \"g\", \"arguments\": {}}", "{\"a\": 1}", {{"g", "{}"}}},
      {"json", "`x`\n``\n```py\nf()\n```", "`x`\n``\n```py\nf()\n```", {}},
  };
  ExpectCases(cases);
}

TEST(OutputParserTest, DeepSeekV3) {
  const std::string begin = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>";
  const Case cases[] = {
      {"deepseekv3",
       "Checking.\n" + begin + "f\n```json\n{\"x\": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "Checking.",
       {{"f", R"({"x": 1})"}}},
      {"deepseekv3",
       begin +
           "f\n```json\n{}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n"
           "```json\n{\"y\": \"```\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "",
       {{"f", "{}"}, {"g", R"({"y": "```"})"}}},
      {"deepseekv3", begin + "f\n{}", "", {{"f", "{}"}}},
      {"deepseekv31",
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": 1}<｜tool▁call▁end｜>"
       "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "",
       {{"f", R"({"x": 1})"}, {"g", "{}"}}},
      {"deepseekv31",
       "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜>tail",
       "tail",
       {{"f", "{}"}}},
      {"deepseekv31",
       "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>h<"
       "｜tool▁sep｜>{}",
       "<｜tool▁call▁begin｜>h<｜tool▁sep｜>{}",
       {{"f", "{}"}}},
      {"deepseekv31", "<｜、<｜tool<｜tool▁calls▁", "<｜、<｜tool<｜tool▁calls▁", {}},
  };
  ExpectCases(cases);
}

std::string Dsml(std::string_view invokes) {
  return "\n\n<｜DSML｜function_calls>\n" + std::string(invokes) + "\n</｜DSML｜function_calls>";
}
std::string Invoke(std::string_view name, std::string_view inside) {
  return "<｜DSML｜invoke name=\"" + std::string(name) + "\">\n" + std::string(inside) +
         "\n</｜DSML｜invoke>";
}
std::string Parameter(std::string_view name, std::string_view is_string, std::string_view value) {
  return "<｜DSML｜parameter name=\"" + std::string(name) + "\" string=\"" +
         std::string(is_string) + "\">" + std::string(value) + "</｜DSML｜parameter>";
}

TEST(OutputParserTest, DeepSeekV32) {
  const Case cases[] = {
      {"deepseekv32",
       "Checking." + Dsml(Invoke("f", Parameter("x", "false", "1"))),
       "Checking.",
       {{"f", R"({"x": 1})"}}},
      {"deepseekv32",
       Dsml(Invoke("f", Parameter("x", "false", "[1, {}]") + "\n" +
                            Parameter("s", "true", "a\"b\n<c>\\ </parameter> </｜DSML｜para")) +
            "\n" + Invoke("g", "")) +
           " tail",
       "tail",
       {{"f", R"({"x": [1, {}], "s": "a\"b\n<c>\\ </parameter> </｜DSML｜para"})"}, {"g", "{}"}}},
      // What the official parser lets through.
      {"deepseekv32",
       Dsml(Invoke("f", Parameter("x", "false", "not json"))),
       "",
       {{"f", R"({"x": not json})"}}},
      {"deepseekv32",
       Dsml(Invoke("f", Parameter("x", "true", "") + Parameter("x", "true", "2"))),
       "",
       {{"f", R"({"x": "", "x": "2"})"}}},
      // Without the outer block; with an object for parameters; cut short.
      {"deepseekv32",
       "a" + Invoke("f", R"({"x": 1})") + Invoke("g", ""),
       "a",
       {{"f", R"({"x": 1})"}, {"g", "{}"}}},
      {"deepseekv32",
       "<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"x\" string=\"true\">ab</",
       "",
       {{"f", R"({"x": "ab)"}}},
      {"deepseekv32",
       Dsml(Invoke("f", Parameter("x", "maybe", "1"))),
       Dsml(Invoke("f", Parameter("x", "maybe", "1"))),
       {}},
  };
  ExpectCases(cases);
}

struct ReasoningCase {
  const char* parser;
  bool starts_inside;
  std::string text;
  std::string reasoning;
  std::string content;
};

TEST(OutputParserTest, Reasoning) {
  const ReasoningCase cases[] = {
      {"deepseek-r1", false, "<think>\na b\n</think>\n\nHi\n", "a b", "Hi\n"},
      {"deepseek-r1", true, "a\n\nb\n</think>\n\nHi", "a\n\nb", "Hi"},
      {"deepseek-r1", false, "a</think>", "a", ""},
      {"deepseek-r1", false, "never closed </thin", "never closed </thin", ""},
      {"deepseek-r1", false, " \n", "", ""},
      {"qwen3", false, "<think>\n\n</think>\n\nHi", "", "Hi"},
      {"qwen3", false, "\n<think>x</think>y", "x", "y"},
      {"qwen3", false, " Hi <think>x</think> y", "", " Hi <think>x</think> y"},
      {"qwen3", true, "x < y </thinker></think>y</think>", "x < y </thinker>", "y</think>"},
      {"qwen3", false, "<thin", "", "<thin"},
      {"qwen3", false, " ", "", " "},
      {"deepseek-v3", true, " a \n</think>\n\nHi ", " a \n", "\n\nHi "},
      {"deepseek-v3", true, "<think>a", "a", ""},
      {"deepseek-v3", true, "a ", "a ", ""},
      {"deepseek-v3", false, "a<think>b", "", "a<think>b"},
      {"deepseek-v3", true, "r</think>a<think>b", "r", "a<think>b"},
  };
  for (const ReasoningCase& c : cases) {
    OutputFormat format = {.reasoning_parser = c.parser, .starts_in_reasoning = c.starts_inside};
    const ParsedOutput expected{.reasoning = c.reasoning, .content = c.content, .calls = {}};
    EXPECT_EQ(ParseInPieces(format, c.text, {}), expected) << c.parser << ": " << c.text;
    ExpectSameForEverySplit(format, c.text);
  }
}

TEST(OutputParserTest, ReasoningThenCalls) {
  OutputFormat format = Format("qwen", "qwen3");
  format.starts_in_reasoning = true;
  const std::string call = "<tool_call>{\"name\":\"g\"}</tool_call>";
  const std::string text = "I may use " + call + "\n</think>\n\nOk. " + call;
  const ParsedOutput expected{
      .reasoning = "I may use " + call, .content = "Ok.", .calls = {{"g", "{}"}}};
  EXPECT_EQ(ParseInPieces(format, text, {}), expected);
  ExpectSameForEverySplit(format, text);
}

TEST(OutputParserTest, WithoutToolsNothingIsACall) {
  OutputFormat format = Format("hermes");
  format.tools.clear();
  const std::string text = " <tool_call>{\"name\":\"g\"}</tool_call> ";
  EXPECT_EQ(ParseInPieces(format, text, {}).content, text);
}

TEST(OutputParserTest, ArgumentsStreamAsTheyCome) {
  auto parser = MakeOutputParser(Format("hermes"));
  ASSERT_TRUE(parser.ok());
  const std::pair<const char*, ParsedOutput> steps[] = {
      {"<tool_call>\n{\"name\": \"f", {}},
      {"\", \"arguments\": ", {}},
      {"{\"x", {.calls = {{"f", "{\"x"}}}},
      {"\": [1", {.calls = {{"f", "{\"x\": [1"}}}},
  };
  ParsedOutput parsed;
  for (const auto& [text, expected] : steps) {
    OutputDelta delta;
    (*parser)->Push(text, &delta);
    ASSERT_TRUE(AddDelta(delta, &parsed));
    EXPECT_EQ(parsed, expected) << text;
  }
}

// An answer in JSON is no call, and is not held back until its end.
TEST(OutputParserTest, JsonAnswersStream) {
  for (const char* name : {"json", "llama3_json"}) {
    auto parser = MakeOutputParser(Format(name));
    ASSERT_TRUE(parser.ok());
    OutputDelta delta;
    (*parser)->Push("{\"users\": [{\"name\": \"f\"", &delta);
    EXPECT_EQ(delta.content, "{\"users\": [{\"name\": \"f\"") << name;
  }
}

TEST(OutputParserTest, StringParametersStreamAsTheyCome) {
  auto parser = MakeOutputParser(Format("deepseekv32"));
  ASSERT_TRUE(parser.ok());
  const std::pair<const char*, const char*> steps[] = {
      {"<｜DSML｜invoke name=\"f\"><｜DSML｜parameter name=\"s\" string=\"true\">", "{\"s\": \""},
      {"a\"", "{\"s\": \"a\\\""},
      {"</｜DS", "{\"s\": \"a\\\""},
      {"x", "{\"s\": \"a\\\"</｜DSx"},
  };
  ParsedOutput parsed;
  for (const auto& [text, arguments] : steps) {
    OutputDelta delta;
    (*parser)->Push(text, &delta);
    ASSERT_TRUE(AddDelta(delta, &parsed));
    EXPECT_THAT(parsed.calls, ::testing::ElementsAre(ParsedCall{"f", arguments})) << text;
  }
}

// Deltas end between characters when what is pushed does.
TEST(OutputParserTest, CharactersStayWhole) {
  const std::string text =
      "<｜、你<｜tool▁、<｜DSML、\n<tool_call>{\"name\":\"f\",\"arguments\":{\"你\":\"好";
  for (const std::string_view name : ToolCallParserNames()) {
    auto parser = MakeOutputParser(Format(name));
    ASSERT_TRUE(parser.ok());
    for (size_t start = 0; start < text.size();) {
      size_t length = 1;
      while ((text[start + length] & 0xC0) == 0x80) ++length;
      OutputDelta delta;
      (*parser)->Push(std::string_view(text).substr(start, length), &delta);
      EXPECT_TRUE(IsValidUtf8(delta.content)) << name << " at " << start;
      for (const ToolCallDelta& call : delta.tool_calls) EXPECT_TRUE(IsValidUtf8(call.arguments));
      start += length;
    }
  }
}

std::string Repeat(std::string_view text, size_t num_bytes) {
  std::string all;
  while (all.size() < num_bytes) all += text;
  return all;
}

ParsedOutput ParseInSmallPieces(const OutputFormat& format, std::string_view text) {
  std::vector<size_t> cuts;
  for (size_t cut = 8; cut < text.size(); cut += 8) cuts.push_back(cut);
  return ParseInPieces(format, text, cuts);
}

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Even moving what is held once per piece would take several seconds for one of these.
TEST(OutputParserTest, HostileTextTakesLinearTime) {
  constexpr size_t kBytes = 800'000;
  const std::string texts[] = {
      Repeat("<think", kBytes),
      Repeat("[a(", kBytes),
      Repeat("\n", kBytes) + "x",
      Repeat("<", kBytes),
      Repeat("<tool_call>", kBytes),
      Repeat("<tool_call>{\"", kBytes),
      Repeat("\n{\"name\":", kBytes),
      Repeat("{\"arguments\":", kBytes),
      Repeat("<｜tool▁calls▁begin｜>", kBytes),
      Repeat("<｜DSML｜invoke name=\"", kBytes),
      Repeat("```json\n[", kBytes),
      "<tool_call>{\"k\":" + Repeat("[", kBytes),
      "{\"name\":\"" + Repeat("\\\"", kBytes),
      "[TOOL_CALLS]" + Repeat("f", kBytes),
  };
  for (const std::string_view parser : ToolCallParserNames()) {
    for (const std::string& text : texts) {
      const double start = ProcessorSeconds();
      EXPECT_EQ(ParseInSmallPieces(Format(parser, "qwen3"), text).content, text) << parser;
      EXPECT_LT(ProcessorSeconds() - start, 2.5) << parser << ": " << text.substr(0, 30);
    }
  }
  const double start = ProcessorSeconds();
  EXPECT_EQ(ParseInSmallPieces(Format("json", "deepseek-r1"), texts[0]).reasoning, texts[0]);
  EXPECT_LT(ProcessorSeconds() - start, 2.5);
}

TEST(OutputParserTest, DeepArguments) {
  const std::string arguments = Repeat("{\"a\":", 50'000) + "{}" + Repeat("}", 10'000);
  const std::string text = R"(<tool_call>{"name":"f","arguments":)" + arguments + "}</tool_call>";
  const ParsedOutput expected{.content = "", .calls = {{"f", arguments}}};
  EXPECT_EQ(ParseByteByByte(Format("hermes"), text), expected);
  EXPECT_EQ(ParseInPieces(Format("hermes"), text, {}), expected);
}

TEST(OutputParserTest, UnknownNames) {
  const Status tool = MakeOutputParser(Format("hermess")).status();
  EXPECT_EQ(tool.code(), Code::kInvalidArgument);
  EXPECT_EQ(tool.param(), "tool_call_parser");
  EXPECT_THAT(tool.message(), ::testing::HasSubstr("did you mean \"hermes\""));
  const Status reasoning = MakeOutputParser(Format("", "deepseek_v3")).status();
  EXPECT_EQ(reasoning.code(), Code::kInvalidArgument);
  EXPECT_THAT(reasoning.message(), ::testing::HasSubstr("deepseek-v3"));
}

}  // namespace
}  // namespace redline::text
