#include "backends/arguments/argument_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace redline::backends {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTable = R"({"engine": "e", "version": "1", "arguments": [
  {"flags": ["-h", "--help"], "dest": "help", "action": "help"},
  {"flags": ["--model-path", "--model"], "dest": "model", "required": true},
  {"flags": ["--tensor-parallel-size", "-tp"], "dest": "tp", "type": "int", "default": 1},
  {"flags": ["--nnodes", "-n"], "dest": "nnodes", "type": "int", "default": "1"},
  {"flags": ["--enable-dp-attention"], "dest": "dpa", "action": "store_true", "default": false},
  {"flags": ["--enable-dp-lm-head"], "dest": "dp_lm", "action": "store_true", "default": false},
  {"flags": ["--fraction"], "dest": "fraction", "type": "float"},
  {"flags": ["--dtype"], "dest": "dtype", "choices": ["auto", "bfloat16"], "default": "auto"},
  {"flags": ["--bs"], "dest": "bs", "type": "int", "nargs": "+"},
  {"flags": ["--modules"], "dest": "modules", "nargs": "*", "choices": ["q", "k"]},
  {"flags": ["--ratio"], "dest": "ratio", "type": "float", "nargs": "?", "const": 0.5},
  {"flags": ["--pair"], "dest": "pair", "nargs": "2"},
  {"flags": ["--cache", "--no-cache"], "dest": "cache", "action": "boolean_optional"},
  {"flags": ["--hook"], "dest": "hook", "action": "append", "default": []},
  {"flags": ["--config"], "dest": "config", "type": "json"},
  {"flags": ["--ids"], "dest": "ids", "type": "string_or_json_object"},
  {"flags": ["--length"], "dest": "length", "type": "human_readable_int"},
  {"flags": ["--host"], "dest": "host", "nullable": true, "default": "localhost"},
  {"dest": "tag", "nargs": "?"}]})";

const ArgumentTable& Table() {
  static const ArgumentTable table = ArgumentTableFromJson(kTable).value();
  return table;
}

// "" between two "|" is an empty word.
Result<ParsedArguments> Parse(std::string_view line) {
  const std::vector<std::string> words =
      line.empty() ? std::vector<std::string>{} : Split(line, '|');
  return ParseArguments(Table(), words);
}

TEST(ArgumentParserTest, AcceptsWhatArgparseAccepts) {
  const struct {
    std::string line;  // after --model m
    std::string dest;
    std::string value;  // JSON
  } cases[] = {
      {"--tensor-parallel-size|8", "tp", "8"},
      {"--tensor-parallel-size=8", "tp", "8"},
      {"--tensor|8", "tp", "8"},
      {"--tensor=8", "tp", "8"},
      {"-tp|8", "tp", "8"},
      {"-tp=8", "tp", "8"},
      {"-t|8", "tp", "8"},
      {"-n2", "nnodes", "2"},
      {"-n|-2", "nnodes", "-2"},
      {"--tensor|8|--tensor|4", "tp", "4"},
      {"-tp| +1_000 ", "tp", "1000"},
      {"--enable-dp-a", "dpa", "true"},
      {"--fraction|-.5", "fraction", "-0.5"},
      {"--fraction|1e-1", "fraction", "0.1"},
      {"--fraction|1", "fraction", "1.0"},
      {"--dtype|bfloat16", "dtype", R"("bfloat16")"},
      {"--bs|1|2|4", "bs", "[1,2,4]"},
      {"--bs=1", "bs", "[1]"},
      {"--modules", "modules", "[]"},
      {"--modules|q|k", "modules", R"(["q","k"])"},
      {"--ratio", "ratio", "0.5"},
      {"--ratio|0.25", "ratio", "0.25"},
      {"--pair|a|b", "pair", R"(["a","b"])"},
      {"--cache", "cache", "true"},
      {"--no-cache", "cache", "false"},
      {"--no-c", "cache", "false"},
      {"--hook|a|--hook|b", "hook", R"(["a","b"])"},
      {R"(--config|{"a": [-1]})", "config", R"({"a":[-1]})"},
      {"--ids|plain", "ids", R"("plain")"},
      {R"(--ids|{"a": 1})", "ids", R"({"a":1})"},
      {"--length|32k", "length", "32000"},
      {"--length|32K", "length", "32768"},
      {"--length|1.5m", "length", "1500000"},
      {"--length|64", "length", "64"},
      {"--host|None", "host", "null"},
      {"--host=", "host", "null"},
      {"--host|-a b", "host", R"("-a b")"},
      {"--host|-", "host", R"("-")"},
      {"first", "tag", R"("first")"},
      {"-tp|8|first", "tag", R"("first")"},
      {"--|-first", "tag", R"("-first")"},
      {"", "nnodes", "1"},
      {"", "host", R"("localhost")"},
      {"", "tag", "null"},
  };
  for (const auto& each : cases) {
    const auto parsed = Parse("--model|m" + (each.line.empty() ? "" : "|" + each.line));
    ASSERT_TRUE(parsed.ok()) << each.line << ": " << parsed.status().ToString();
    EXPECT_EQ(parsed->values[each.dest].dump(), each.value) << each.line;
    EXPECT_EQ(parsed->given.contains(each.dest), !each.line.empty()) << each.line;
  }
}

TEST(ArgumentParserTest, RefusesWhatArgparseRefuses) {
  const struct {
    std::string line;
    std::string message;
    std::string param;
  } cases[] = {
      {"", "the following arguments are required: --model-path/--model", "--model-path/--model"},
      {"--model|m|--enable-dp",
       "ambiguous option: --enable-dp could match --enable-dp-attention, --enable-dp-lm-head",
       "--enable-dp"},
      {"--model|m|--tensor|eight",
       "argument --tensor-parallel-size/-tp: invalid int value: 'eight'", "--tensor-parallel-size"},
      {"--model|m|-tp|1.0", "invalid int value: '1.0'", "--tensor-parallel-size"},
      {"--model|m|-tp|1__0", "invalid int value", "--tensor-parallel-size"},
      {"--model|m|-tp8", "unrecognized arguments: -tp8", "-tp8"},
      {"--model|m|-tp", "expected one argument", "--tensor-parallel-size"},
      {"--model|m|-tp|--enable-dp-a", "expected one argument", "--tensor-parallel-size"},
      {"--model|m|--fraction|-1e5", "expected one argument", "--fraction"},
      {"--model|m|--fraction|half", "invalid float value: 'half'", "--fraction"},
      {"--model|m|--dtype|bfloat61",
       "invalid choice: 'bfloat61' (choose from 'auto', 'bfloat16'); did you mean \"bfloat16\"?",
       "--dtype"},
      {"--model|m|--bs", "expected at least one argument", "--bs"},
      {"--model|m|--bs|1|x", "invalid int value: 'x'", "--bs"},
      {"--model|m|--modules|v", "invalid choice: 'v'", "--modules"},
      {"--model|m|--pair|a", "expected 2 arguments", "--pair"},
      {"--model|m|--enable-dp-attention=1", "ignored explicit argument '1'",
       "--enable-dp-attention"},
      {"--model|m|--config|{", "invalid JSON value: '{'", "--config"},
      {"--model|m|--length|1.5K", "invalid int value", "--length"},
      {"--model|m|--enable-dp-atention",
       "unrecognized arguments: --enable-dp-atention; did you mean \"--enable-dp-attention\"?",
       "--enable-dp-atention"},
      {"--model|m|--max-model-len|32768", "unrecognized arguments: --max-model-len",
       "--max-model-len"},
      {"--model|m|a|b", "unrecognized arguments: b", "b"},
      {"--help", "prints the engine's help", "-h"},
  };
  for (const auto& each : cases) {
    const auto parsed = Parse(each.line);
    ASSERT_FALSE(parsed.ok()) << each.line;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << each.line;
    EXPECT_THAT(parsed.status().message(), HasSubstr(each.message));
    EXPECT_EQ(parsed.status().param(), each.param) << each.line;
  }
}

TEST(ArgumentParserTest, LongHostileInputGivesAShortMessage) {
  const std::string long_word(100000, '-');
  for (const std::string& line : {"--model|m|" + long_word, "--model|m|--dtype|x" + long_word}) {
    const auto parsed = Parse(line);
    ASSERT_FALSE(parsed.ok());
    EXPECT_LT(parsed.status().message().size(), 1000u);
  }
}

TEST(ArgumentTableTest, BrokenTablesAreRefused) {
  const struct {
    std::string document;
    std::string message;
  } cases[] = {
      {"[]", "not a JSON object"},
      {R"({"arguments": {}})", "arguments: unknown key"},
      {R"({"arguments": [{"flags": ["--a"]}]})", "entry 0: dest is missing"},
      {R"({"arguments": [{"dest": "a"}, {"dest": "b", "type": "real"}]})",
       "entry 1: type: unknown value \"real\""},
      {R"({"arguments": [{"dest": "a", "nargs": "0"}]})", "entry 0: nargs"},
      {R"({"arguments": [{"dest": "a", "help": "x"}]})", "help: unknown key"},
  };
  for (const auto& each : cases) {
    const auto table = ArgumentTableFromJson(each.document);
    ASSERT_FALSE(table.ok()) << each.document;
    EXPECT_THAT(table.status().message(), HasSubstr(each.message));
  }
}

TEST(ArgumentParserTest, BadWordsAreQuotedInPart) {
  const ArgumentTable table = ArgumentTableFromJson(kTable).value();
  const std::string long_word(5000, 'x');
  const std::vector<std::vector<std::string>> lists = {
      {"--" + long_word},  {"--" + long_word + "=1"}, {long_word},
      {"--tp", long_word}, {"--dtype", long_word},    {"-" + long_word}};
  for (const auto& words : lists) {
    const auto parsed = ParseArguments(table, words);
    ASSERT_FALSE(parsed.ok()) << words[0].substr(0, 10);
    EXPECT_THAT(parsed.status().message(), testing::Not(HasSubstr(std::string(125, 'x'))));
    EXPECT_LT(parsed.status().param().size(), 200u);
  }
}

}  // namespace
}  // namespace redline::backends
