// Grammars of tool calls against the parsers of the same names: what a grammar lets a model say is
// read back as calls, with arguments that validate.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "text/constraint.h"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"
#include "text/parsed_output.h"

namespace redline::text {
namespace {

using nlohmann::json;

constexpr TokenId kTinyEnd = 260;  // of TinyTokenizerJson

int64_t NumCharacters(const std::string& utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

// Enough of JSON Schema for the schemas below.
bool Validates(const json& value, const json& schema) {
  if (schema.contains("enum"))
    return std::count(schema["enum"].begin(), schema["enum"].end(), value);
  if (schema.contains("anyOf"))
    return std::any_of(schema["anyOf"].begin(), schema["anyOf"].end(),
                       [&](const json& option) { return Validates(value, option); });
  const std::string type = schema.value("type", "");
  if (type == "string")
    return value.is_string() && NumCharacters(value) >= schema.value("minLength", 0) &&
           NumCharacters(value) <= schema.value("maxLength", 1'000'000);
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "array")
    return value.is_array() && std::all_of(value.begin(), value.end(), [&](const json& item) {
             return Validates(item, schema.value("items", json::object()));
           });
  if (type != "object") return true;
  if (!value.is_object()) return false;
  for (const json& name : schema.value("required", json::array()))
    if (!value.contains(name)) return false;
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, item] : value.items()) {
    if (properties.contains(key) && !Validates(item, properties[key])) return false;
    if (!properties.contains(key) && schema.value("additionalProperties", json(true)) == false)
      return false;
  }
  return true;
}

const std::vector<ToolDefinition>& Tools() {
  static const std::vector<ToolDefinition> tools = {
      {"get_weather", R"({"type": "object",
        "properties": {"city": {"type": "string", "description": "a city"},
                       "unit": {"type": "string", "enum": ["C", "F"]},
                       "days": {"type": "integer"}},
        "required": ["city"], "additionalProperties": false})"},
      {"now", R"({"type": "object", "properties": {}})"},
      {"free", ""},
      {"nested", R"({"type": "object", "title": "t", "$defs": {"flag": {"type": "boolean"}},
        "properties": {
          "list": {"type": "array", "items": {"type": "object",
                   "properties": {"on": {"$ref": "#/$defs/flag"}}, "required": ["on"],
                   "additionalProperties": false}},
          "short": {"type": "string", "minLength": 1, "maxLength": 3},
          "either": {"anyOf": [{"type": "null"}, {"type": "number"}]}},
        "required": ["short", "list"], "additionalProperties": false})"},
      {"one_of", R"({"anyOf": [
        {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"],
         "additionalProperties": false},
        {"type": "object", "properties": {"b": {"type": "null"}}, "required": ["b"],
         "additionalProperties": false}]})"},
  };
  return tools;
}

json SchemaOf(std::string_view tool) {
  for (const ToolDefinition& definition : Tools())
    if (definition.name == tool && !definition.parameters_json.empty())
      return json::parse(definition.parameters_json);
  return {{"type", "object"}};
}

// A tokenizer with what walks through its tokens need.
struct Vocabulary {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<ConstraintFactory> factory;
  TokenId end = 0;
  std::array<TokenId, 256> byte_ids = {};
};

std::unique_ptr<Vocabulary> MakeVocabulary(std::unique_ptr<Tokenizer> tokenizer) {
  auto vocabulary = std::make_unique<Vocabulary>();
  for (TokenId id = 0; id < tokenizer->VocabSize(); ++id) {
    const std::string bytes = tokenizer->TokenBytes(id);
    if (bytes.size() == 1) vocabulary->byte_ids[static_cast<uint8_t>(bytes[0])] = id;
  }
  vocabulary->end = tokenizer->EosId().value_or(kTinyEnd);
  auto factory = MakeConstraintFactory(*tokenizer, std::vector<TokenId>{vocabulary->end});
  if (!factory.ok()) return nullptr;
  vocabulary->factory = std::move(*factory);
  vocabulary->tokenizer = std::move(tokenizer);
  return vocabulary;
}

// "tiny", or a folder of published tokenizers; null when that is absent.
const Vocabulary* GetVocabulary(const std::string& name) {
  static std::map<std::string, std::unique_ptr<Vocabulary>> cache;
  if (const auto at = cache.find(name); at != cache.end()) return at->second.get();
  const auto path = std::filesystem::path(kTestDataDir) / name / "tokenizer.json";
  auto tokenizer =
      name == "tiny" ? MakeHfTokenizer(TinyTokenizerJson(), {}) : LoadHfTokenizer(path);
  if (!tokenizer.ok()) return nullptr;
  return (cache[name] = MakeVocabulary(std::move(*tokenizer))).get();
}

std::unique_ptr<Constraint> Compile(const Vocabulary& vocabulary, std::string_view parser,
                                    ParallelCalls parallel) {
  const auto grammar = ToolCallGrammar(parser, Tools(), parallel);
  EXPECT_TRUE(grammar.ok()) << grammar.status().ToString();
  if (!grammar.ok()) return nullptr;
  auto constraint = vocabulary.factory->Compile(GrammarKind::kLark, *grammar);
  EXPECT_TRUE(constraint.ok()) << constraint.status().ToString() << "\n" << *grammar;
  return constraint.ok() ? std::move(*constraint) : nullptr;
}

// Walks at random through what a constraint allows, with a bias to what ends strings, objects and
// calls; after a while only that.
class Walker {
 public:
  Walker(const Vocabulary* vocabulary, Constraint* constraint, uint32_t seed)
      : vocabulary_(vocabulary),
        constraint_(constraint),
        random_(seed),
        mask_(static_cast<size_t>(vocabulary->tokenizer->VocabSize() + 31) / 32) {}

  // False when the text did not end.
  bool Walk(std::string* text) {
    for (int step = 0; step < 2000; ++step) {
      const Status status = constraint_->FillMask(mask_);
      EXPECT_TRUE(status.ok()) << status.ToString();
      const bool is_free = step < 300 && random_() % 3 == 0 && !text->ends_with("</｜");
      const TokenId id = is_free ? Any() : Closing(*text);
      if (id == vocabulary_->end || !constraint_->Accept(id).ok()) return id == vocabulary_->end;
      *text += vocabulary_->tokenizer->TokenBytes(id);
    }
    return false;
  }

 private:
  bool Allows(TokenId id) const { return (mask_[id / 32] >> (id % 32)) & 1; }
  TokenId ByteId(char byte) const { return vocabulary_->byte_ids[static_cast<uint8_t>(byte)]; }

  TokenId Any() {
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < vocabulary_->tokenizer->VocabSize(); ++id)
      if (Allows(id)) ids.push_back(id);
    return ids.empty() ? vocabulary_->end : ids[random_() % ids.size()];
  }

  TokenId Closing(std::string_view text) {
    constexpr std::string_view kTag = "</｜DSML｜parameter>\n";
    for (size_t length = kTag.size() - 1; length > 0; --length) {
      const TokenId next = ByteId(kTag[length]);
      if (text.ends_with(kTag.substr(0, length)) && Allows(next)) return next;
    }
    if (Allows(vocabulary_->end)) return vocabulary_->end;
    std::vector<TokenId> ids;
    for (const char byte : std::string_view("<\"}]"))
      if (Allows(ByteId(byte))) ids.push_back(ByteId(byte));
    return ids.empty() ? Any() : ids[random_() % ids.size()];
  }

  const Vocabulary* vocabulary_;
  Constraint* constraint_;
  std::mt19937 random_;
  std::vector<uint32_t> mask_;
};

void ExpectCalls(const std::string& parser, ParallelCalls parallel, const std::string& text,
                 size_t* max_calls) {
  const ParsedOutput parsed = ParseByteByByte({.tool_call_parser = parser, .tools = Tools()}, text);
  EXPECT_EQ(parsed.content, "") << text;
  EXPECT_GE(parsed.calls.size(), 1u) << text;
  if (parallel == ParallelCalls::kNo) {
    EXPECT_EQ(parsed.calls.size(), 1u) << text;
  }
  *max_calls = std::max(*max_calls, parsed.calls.size());
  for (const ParsedCall& call : parsed.calls) {
    const json arguments = json::parse(call.arguments, nullptr, false);
    ASSERT_TRUE(arguments.is_object()) << call.arguments << " in " << text;
    EXPECT_TRUE(Validates(arguments, SchemaOf(call.name))) << call.arguments << " in " << text;
  }
}

struct WalkCase {
  const char* vocabulary;
  const char* parser;
  int num_walks = 30;
};

class ToolGrammarWalkTest : public ::testing::TestWithParam<WalkCase> {};

TEST_P(ToolGrammarWalkTest, WhatItAllowsParsesBack) {
  const Vocabulary* vocabulary = GetVocabulary(GetParam().vocabulary);
  if (vocabulary == nullptr)
    GTEST_SKIP() << "NOT TESTED: " << GetParam().vocabulary << " is absent; see "
                 << "scripts/fetch_test_data.sh";
  const int num_walks = GetParam().num_walks;
  int num_ended = 0;
  size_t max_calls = 0;
  for (uint32_t seed = 0; static_cast<int>(seed) < num_walks; ++seed) {
    const auto parallel = seed % 2 == 0 ? ParallelCalls::kNo : ParallelCalls::kYes;
    const auto constraint = Compile(*vocabulary, GetParam().parser, parallel);
    ASSERT_NE(constraint, nullptr);
    std::string text;
    if (!Walker(vocabulary, constraint.get(), seed).Walk(&text)) continue;
    ++num_ended;
    ExpectCalls(GetParam().parser, parallel, text, &max_calls);
  }
  EXPECT_GE(num_ended, num_walks * 8 / 10);
  if (num_walks >= 30) {
    EXPECT_GE(max_calls, 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizers, ToolGrammarWalkTest,
    ::testing::ValuesIn(std::vector<WalkCase>{{"tiny", "deepseekv3"},
                                              {"tiny", "deepseekv31"},
                                              {"tiny", "deepseekv32"},
                                              {"tiny", "hermes"},
                                              {"tiny", "json"},
                                              {"tiny", "llama3_json"},
                                              {"tiny", "mistral"},
                                              {"tiny", "qwen"},
                                              {"qwen2_5", "qwen", 8},
                                              {"deepseek_v3", "deepseekv32", 8}}),
    [](const auto& each) { return std::string(each.param.vocabulary) + "_" + each.param.parser; });

TEST(ToolGrammarTest, RefusesWhatCannotBeCalled) {
  const std::vector<ToolDefinition> bad[] = {
      {},
      {{"", "{}"}},
      {{"a b", "{}"}},
      {{"a\"", "{}"}},
      {{"f", "{"}},
      {{"f", "7"}},
      {{"f", R"({"type": "string"})"}},
      {{"f", R"({"type": ["array", "null"]})"}},
  };
  for (const auto& tools : bad) {
    for (const std::string_view parser : ToolCallParserNames()) {
      const Status status = ToolCallGrammar(parser, tools, ParallelCalls::kYes).status();
      EXPECT_EQ(status.code(), Code::kInvalidArgument) << parser;
    }
  }
}

// Whether the grammar allows exactly this text, byte by byte, and then the end.
bool Matches(Constraint* constraint, std::string_view text) {
  std::vector<uint32_t> mask(9);
  for (const char c : text) {
    const auto id = static_cast<uint8_t>(c);
    if (!constraint->FillMask(mask).ok() || ((mask[id / 32] >> (id % 32)) & 1) == 0) return false;
    if (!constraint->Accept(id).ok()) return false;
  }
  return constraint->FillMask(mask).ok() && ((mask[kTinyEnd / 32] >> (kTinyEnd % 32)) & 1) != 0;
}

TEST(ToolGrammarTest, SpeaksAsModelsDo) {
  struct Case {
    const char* parser;
    ParallelCalls parallel;
    const char* text;
    bool matches;
  };
  constexpr auto kNo = ParallelCalls::kNo;
  constexpr auto kYes = ParallelCalls::kYes;
  const Case cases[] = {
      {"qwen", kNo,
       "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Köln\"}}\n"
       "</tool_call>",
       true},
      {"qwen", kNo,
       "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n"
       "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
       false},
      {"qwen", kYes,
       "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n"
       "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
       true},
      {"qwen", kNo, "Sure", false},
      {"llama3_json", kNo, R"({"name": "get_weather", "parameters": {"city": "X", "days": 3}})",
       true},
      {"llama3_json", kNo, R"({"name": "get_weather", "parameters": {"days": 3}})", false},
      {"llama3_json", kNo, R"({"name": "other", "parameters": {}})", false},
      {"mistral", kNo, R"([TOOL_CALLS][{"name": "now", "arguments": {}}])", true},
      {"json", kYes, R"([{"name": "now", "arguments": {}}])", true},
      {"deepseekv3", kNo,
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n"
       "```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       true},
      {"deepseekv31", kNo,
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}"
       "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       true},
      {"deepseekv32", kNo,
       "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n"
       "<｜DSML｜parameter name=\"city\" string=\"true\">a \"b\" <c></｜DSML｜parameter>\n"
       "<｜DSML｜parameter name=\"days\" string=\"false\">3</｜DSML｜parameter>\n"
       "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       true},
      {"deepseekv32", kNo,
       "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n"
       "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       false},
      {"deepseekv32", kNo,
       "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"now\">\n\n"
       "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       true},
      {"deepseekv32", kYes,
       "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"now\">\n\n"
       "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"now\">\n\n</｜DSML｜invoke>\n"
       "</｜DSML｜function_calls>",
       true},
  };
  for (const Case& c : cases) {
    const auto constraint = Compile(*GetVocabulary("tiny"), c.parser, c.parallel);
    ASSERT_NE(constraint, nullptr);
    EXPECT_EQ(Matches(constraint.get(), c.text), c.matches) << c.parser << ": " << c.text;
  }
}

}  // namespace
}  // namespace redline::text
