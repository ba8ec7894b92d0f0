#include "text/parser_choice.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "text/output_parser.h"

namespace redline::text {
namespace {

namespace fs = std::filesystem;

TEST(ParserChoice, SupportsTools) {
  const std::pair<const char*, bool> cases[] = {
      {"{% for m in messages %}{{ m.content }}{% endfor %}", false},
      {"{% if tools %}{{ tools | tojson }}{% endif %}{{ messages[0].content }}", true},
      {"{# tools #}{{ messages[0].content }}", false},
      {"{{ raise_exception('no') }}{{ tools }}", true},
      {"{{ raise_exception('no') }}{{ m.tools_used }}", false},
      {"{% if tools", false},
      {"", false},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(SupportsTools(source), expected) << source;
}

struct Case {
  std::string source;
  const char* tool_call_parser;
  const char* reasoning_parser;
};

TEST(ParserChoice, SuggestsByMarkers) {
  const std::string tools = "{{ tools }}";
  const Case cases[] = {
      {"{{ messages[0].content }}", "json", ""},
      {tools, "", ""},
      {tools + R"(<tool_call>{"name": "n", "arguments": {}}</tool_call>)", "hermes", ""},
      {tools + R"(<tool_call>{"arguments": <think></think>{% if enable_thinking %}{% endif %})",
       "hermes", "qwen3"},
      {tools + "<tool_call>n<arg_key>\"arguments\"", "", ""},
      {tools + "<tool_call><function=n>", "", ""},
      {tools + R"(<|start_header_id|>{"name": function name, "parameters": dictionary)",
       "llama3_json", ""},
      {tools + "[TOOL_CALLS]", "mistral", ""},
      {tools + "<｜Assistant｜></think><｜tool▁sep｜>\\n```json", "deepseekv3", "deepseek-r1"},
      {tools + "<｜Assistant｜></think>{% if thinking %}{% endif %}<｜tool▁sep｜>", "deepseekv31",
       "deepseek-v3"},
      {tools + "<｜DSML｜function_calls>", "deepseekv32", ""},
  };
  for (const Case& c : cases) {
    const ParserChoice choice = SuggestParsers(c.source);
    EXPECT_EQ(choice.tool_call_parser, c.tool_call_parser) << c.source;
    EXPECT_EQ(choice.reasoning_parser, c.reasoning_parser) << c.source;
    const OutputFormat format = {.reasoning_parser = choice.reasoning_parser,
                                 .tool_call_parser = choice.tool_call_parser};
    EXPECT_TRUE(MakeOutputParser(format).ok()) << c.source;
  }
}

TEST(ParserChoice, PublishedTemplates) {
  const fs::path directory = "../shared/data/chat_templates";
  if (!fs::exists(directory)) GTEST_SKIP() << "NOT TESTED: " << directory << " is absent";
  const Case cases[] = {
      {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "hermes", ""},
      {"Qwen-Qwen2.5-7B-Instruct", "hermes", ""},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "json", "deepseek-r1"},
      {"llama-cpp-deepseek-r1", "deepseekv3", "deepseek-r1"},
      {"meta-llama-Llama-3.1-8B-Instruct", "llama3_json", ""},
      {"meta-llama-Llama-3.2-3B-Instruct", "llama3_json", ""},
      {"meta-llama-Llama-3.3-70B-Instruct", "llama3_json", ""},
      {"mistralai-Mistral-Nemo-Instruct-2407", "mistral", ""},
      {"google-gemma-2-2b-it", "json", ""},
      {"microsoft-Phi-3.5-mini-instruct", "json", ""},
      {"meetkai-functionary-medium-v3.1", "", ""},
      {"CohereForAI-c4ai-command-r-plus-tool_use", "", ""},
  };
  for (const Case& c : cases) {
    const auto source = ReadFile(directory / (c.source + ".jinja"));
    ASSERT_TRUE(source.ok()) << source.status().ToString();
    const ParserChoice choice = SuggestParsers(*source);
    EXPECT_EQ(choice.tool_call_parser, c.tool_call_parser) << c.source;
    EXPECT_EQ(choice.reasoning_parser, c.reasoning_parser) << c.source;
  }
}

TEST(ParserChoice, EndsInReasoning) {
  for (const char* prompt : {"<think>", "<|im_start|>assistant\n<think>\n", "a<think> \n\n"})
    EXPECT_TRUE(EndsInReasoning(prompt)) << prompt;
  for (const char* prompt : {"", "<think>\n\n</think>\n\n", "<think>a", "think>"})
    EXPECT_FALSE(EndsInReasoning(prompt)) << prompt;
}

}  // namespace
}  // namespace redline::text
