// The answers of the Berkeley Function-Calling Leaderboard, written in every format as the models'
// templates do, and parsed back.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "text/parsed_output.h"

namespace redline::text {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

struct Call {
  std::string name;
  json arguments;
};

struct Writer {
  const char* parser;
  std::string calls_open;
  std::string separator;
  std::string calls_close;
  std::function<std::string(const Call&)> call;
};

std::string Object(const Call& call, const char* arguments_key) {
  return "{\"name\": " + json(call.name).dump() + ", \"" + arguments_key +
         "\": " + call.arguments.dump() + "}";
}

std::string Dsml(const Call& call) {
  std::string out = "<｜DSML｜invoke name=\"" + call.name + "\">\n";
  for (const auto& [key, value] : call.arguments.items()) {
    out += "<｜DSML｜parameter name=\"" + key + "\" string=\"";
    out += value.is_string() ? "true\">" + value.get<std::string>() : "false\">" + value.dump();
    out += "</｜DSML｜parameter>\n";
  }
  return out + "</｜DSML｜invoke>";
}

const std::vector<Writer>& Writers() {
  const auto hermes = [](const Call& call) {
    return "<tool_call>\n" + Object(call, "arguments") + "\n</tool_call>";
  };
  static const std::vector<Writer> writers = {
      {"hermes", "\n", "\n", "", hermes},
      {"qwen", "\n", "\n", "", hermes},
      {"llama3_json", "<|python_tag|>", "; ", "",
       [](const Call& call) { return Object(call, "parameters"); }},
      {"mistral", "[TOOL_CALLS][", ", ", "]",
       [](const Call& call) { return Object(call, "arguments"); }},
      {"json", "\n```json\n[", ",\n", "]\n```",
       [](const Call& call) { return Object(call, "arguments"); }},
      {"deepseekv3", "<｜tool▁calls▁begin｜>", "\n", "<｜tool▁calls▁end｜>",
       [](const Call& call) {
         return "<｜tool▁call▁begin｜>function<｜tool▁sep｜>" + call.name + "\n```json\n" +
                call.arguments.dump(2) + "\n```<｜tool▁call▁end｜>";
       }},
      {"deepseekv31", "<｜tool▁calls▁begin｜>", "", "<｜tool▁calls▁end｜>",
       [](const Call& call) {
         return "<｜tool▁call▁begin｜>" + call.name + "<｜tool▁sep｜>" + call.arguments.dump() +
                "<｜tool▁call▁end｜>";
       }},
      {"deepseekv32", "\n\n<｜DSML｜function_calls>\n", "\n", "\n</｜DSML｜function_calls>", Dsml},
  };
  return writers;
}

std::string Write(const Writer& writer, const std::vector<Call>& calls) {
  std::string text = "Let me see." + writer.calls_open;
  for (size_t i = 0; i < calls.size(); ++i)
    text += (i == 0 ? "" : writer.separator) + writer.call(calls[i]);
  return text + writer.calls_close;
}

// {"f": {"x": [1, 2]}} lists what each argument may be; the first is taken.
std::vector<Call> CallsOf(const json& ground_truth) {
  std::vector<Call> calls;
  for (const json& call : ground_truth) {
    if (!call.is_object()) continue;
    for (const auto& [name, possible] : call.items()) {
      json arguments = json::object();
      for (const auto& [key, values] : possible.items())
        if (!values.empty()) arguments[key] = values[0];
      calls.push_back({name, arguments});
    }
  }
  return calls;
}

void ExpectRoundTrip(const Writer& writer, const std::vector<Call>& calls, std::mt19937& random) {
  OutputFormat format = {.tool_call_parser = writer.parser};
  for (const Call& call : calls) format.tools.push_back({call.name, ""});
  const std::string text = Write(writer, calls);
  std::vector<size_t> cuts(5);
  for (size_t& cut : cuts) cut = random() % (text.size() + 1);
  std::sort(cuts.begin(), cuts.end());
  const ParsedOutput parsed = ParseInPieces(format, text, cuts);
  ASSERT_EQ(parsed, ParseByteByByte(format, text)) << text;
  EXPECT_EQ(parsed.content, "Let me see.") << text;
  ASSERT_EQ(parsed.calls.size(), calls.size()) << writer.parser << ": " << text;
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(parsed.calls[i].name, calls[i].name);
    EXPECT_EQ(json::parse(parsed.calls[i].arguments, nullptr, false), calls[i].arguments) << text;
  }
}

TEST(ToolCallRoundTrip, FunctionCallingLeaderboard) {
  const fs::path directory = "../shared/data/bfcl/possible_answer";
  if (!fs::exists(directory)) GTEST_SKIP() << "NOT TESTED: " << directory << " is absent";
  std::mt19937 random(1);
  int num_answers = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      const json answer = json::parse(line, nullptr, false);
      if (!answer.is_object()) continue;
      const std::vector<Call> calls = CallsOf(answer.at("ground_truth"));
      if (calls.empty()) continue;
      ++num_answers;
      for (const Writer& writer : Writers()) ExpectRoundTrip(writer, calls, random);
    }
  }
  EXPECT_GT(num_answers, 1000);
}

TEST(ToolCallRoundTrip, AwkwardValues) {
  const std::vector<Call> calls = {
      {"f", json::object()},
      {"g.h-1",
       {{"text", "</tool_call> [TOOL_CALLS] ``` <｜tool▁call▁end｜> \" \\ \n\t\x7F 你😀"},
        {"deep", {{"a", {1, -2.5e-7, nullptr, true, {{"b", ""}}}}}},
        {"k e y", "}"}}},
      {"f", {{"x", 0}}},
  };
  std::mt19937 random(2);
  for (const Writer& writer : Writers()) ExpectRoundTrip(writer, calls, random);
}

}  // namespace
}  // namespace redline::text
