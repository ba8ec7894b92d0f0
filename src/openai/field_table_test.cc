#include "openai/field_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "openai/chat_request.h"
#include "openai/completion_request.h"

namespace redline::openai {
namespace {

std::string Chat(const std::string& extra) {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}])" +
         (extra.empty() ? "" : "," + extra) + "}";
}
std::string Completion(const std::string& extra) {
  return R"({"model":"m","prompt":"hi")" + (extra.empty() ? "" : "," + extra) + "}";
}
std::string Tools(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    out += R"({"type":"function","function":{"name":")" + name + "\"}}";
  }
  return out + "]";
}
std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int index = 0; index < count; ++index) out += text;
  return out;
}
std::string ManyBiases(int count) {
  std::string out = "{";
  for (int id = 0; id < count; ++id) {
    out += (id == 0 ? "\"" : ",\"") + std::to_string(id) + "\":1";
  }
  return out + "}";
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
    {R"("seed":-9223372036854775809)", "seed"},
    {R"("seed":"abc")", "seed"},
    {R"("seed":1.5)", "seed"},
    {R"("seed":1e30)", "seed"},
    {R"("seed":9223372036854775808.0)", "seed"},
    {R"("max_tokens":0)", "max_tokens"},
    {R"("max_tokens":-5)", "max_tokens"},
    {R"("max_tokens":1000000000000000000)", "max_tokens"},
    {R"("max_tokens":1e18)", "max_tokens"},
    {R"("max_tokens":1.5)", "max_tokens"},
    {R"("max_tokens":"5")", "max_tokens"},
    {R"("max_completion_tokens":0)", "max_completion_tokens"},
    {R"("n":0)", "n"},
    {R"("n":129)", "n"},
    {R"("n":1.5)", "n"},
    {R"("n":1000000)", "n"},
    {R"("n":"1")", "n"},
    {R"("stop":[""])", "stop"},
    {R"("stop":"")", "stop"},
    {R"("stop":["a","b","c","d","e"])", "stop"},
    {R"("stop":[1])", "stop"},
    {R"("stop":{"a":1})", "stop"},
    {R"("stop":")" + std::string(10 << 20, 'x') + "\"", "stop"},
    {R"("presence_penalty":3)", "presence_penalty"},
    {R"("presence_penalty":"1")", "presence_penalty"},
    {R"("frequency_penalty":-2.5)", "frequency_penalty"},
    {R"("repetition_penalty":0)", "repetition_penalty"},
    {R"("repetition_penalty":2.1)", "repetition_penalty"},
    {R"("logit_bias":[])", "logit_bias"},
    {R"("logit_bias":{"abc":5})", "logit_bias"},
    {R"("logit_bias":{"-1":5})", "logit_bias"},
    {R"("logit_bias":{"1.0":5})", "logit_bias"},
    {R"("logit_bias":{"2147483648":5})", "logit_bias"},
    {R"("logit_bias":{"1":"x"})", "logit_bias"},
    {R"("logit_bias":{"1":null})", "logit_bias"},
    {R"("logit_bias":{"1":100.5})", "logit_bias"},
    {R"("logit_bias":)" + ManyBiases(1025), "logit_bias"},
    {R"("response_format":"zzz")", "response_format"},
    {R"("response_format":{})", "response_format"},
    {R"("response_format":{"type":"zzz"})", "response_format.type"},
    {R"("response_format":{"type":"structural_tag"})", "response_format.type"},
    {R"("response_format":{"type":"json_schema"})", "response_format.json_schema"},
    {R"("response_format":{"type":"json_schema","json_schema":[]})", "response_format.json_schema"},
    {R"("response_format":{"type":"json_schema","json_schema":{"schema":{}}})",
     "response_format.json_schema.name"},
    {R"("response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}})",
     "response_format.json_schema.name"},
    {R"("response_format":{"type":"json_schema","json_schema":{"name":"a","schema":5}})",
     "response_format.json_schema.schema"},
    {R"("response_format":{"type":"json_schema","json_schema":{"name":"a","strict":1}})",
     "response_format.json_schema.strict"},
    {R"("response_format":{"type":"json_schema","json_schema":{"name":"a","description":1}})",
     "response_format.json_schema.description"},
    {R"("guided_json":5)", "guided_json"},
    {R"("guided_json":"{")", "guided_json"},
    {R"("json_schema":"[]")", "json_schema"},
    {R"("guided_regex":"")", "guided_regex"},
    {R"("regex":5)", "regex"},
    {R"("guided_choice":[])", "guided_choice"},
    {R"("guided_choice":["a",""])", "guided_choice"},
    {R"("guided_choice":["a",5])", "guided_choice"},
    {R"("guided_choice":"a")", "guided_choice"},
    {R"("guided_grammar":{})", "guided_grammar"},
    {R"("ebnf":"root ::= \"a\"")", "ebnf"},
    {R"("structured_outputs":"a")", "structured_outputs"},
    {R"("structured_outputs":{"jsn":{}})", "structured_outputs.jsn"},
    {R"("structured_outputs":{"regex":5})", "structured_outputs.regex"},
    {R"("structured_outputs":{"json_object":5})", "structured_outputs.json_object"},
    {R"("structured_outputs":{"json":{},"regex":"a"})", "structured_outputs.regex"},
    {R"("guided_regex":"a","response_format":{"type":"json_object"})", "response_format"},
    {R"("guided_json":{},"guided_regex":"a")", "guided_regex"},
    {R"("min_tokens":-1)", "min_tokens"},
    {R"("min_tokens":5,"max_tokens":4)", "min_tokens"},
    {R"("stop_token_ids":[-1])", "stop_token_ids"},
    {R"("stop_token_ids":[1.5])", "stop_token_ids"},
    {R"("stop_token_ids":["1"])", "stop_token_ids"},
    {R"("stop_token_ids":5)", "stop_token_ids"},
    {R"("prompt_logprobs":-1)", "prompt_logprobs"},
    {R"("prompt_logprobs":21)", "prompt_logprobs"},
    {R"("prompt_logprobs":1,"stream":true)", "prompt_logprobs"},
    {R"("cache_salt":"")", "cache_salt"},
    {R"("cache_salt":5)", "cache_salt"},
    {R"("skip_special_tokens":1)", "skip_special_tokens"},
    {R"("include_stop_str_in_output":"yes")", "include_stop_str_in_output"},
    {R"("return_token_ids":1)", "return_token_ids"},
    {R"("return_tokens_as_token_ids":1)", "return_tokens_as_token_ids"},
    {R"("use_beam_search":true)", "use_beam_search"},
    {R"("bad_words":["a"])", "bad_words"},
    {R"("stream":"yes")", "stream"},
    {R"("stream":1)", "stream"},
    {R"("stream_options":{"include_usage":true})", "stream_options"},
    {R"("stream":true,"stream_options":{"include_usage":1})", "stream_options.include_usage"},
    {R"("stream":true,"stream_options":true)", "stream_options"},
    {R"("stream":true,"stream_options":{"continuous_usage_stats":1})",
     "stream_options.continuous_usage_stats"},
    {R"("ignore_eos":1)", "ignore_eos"},
    {R"("user":5)", "user"},
    {R"("user":")" + std::string(600, 'u') + "\"", "user"},
};

const std::vector<Refused> kRefusedInChat = {
    {R"("logprobs":1)", "logprobs"},
    {R"("top_logprobs":21,"logprobs":true)", "top_logprobs"},
    {R"("top_logprobs":-1,"logprobs":true)", "top_logprobs"},
    {R"("top_logprobs":5)", "top_logprobs"},
    {R"("top_logprobs":5,"logprobs":false)", "top_logprobs"},
    {R"("tools":{})", "tools"},
    {R"("tools":[{"type":"function"}])", "tools[0]"},
    {R"("tools":[{"type":"web","function":{"name":"f"}}])", "tools[0]"},
    {R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name"},
    {R"("tools":[{"type":"function","function":{"name":""}}])", "tools[0].function.name"},
    {R"("tools":[{"type":"function","function":{"name":"a b"}}])", "tools[0].function.name"},
    {R"("tools":[{"type":"function","function":{"name":5}}])", "tools[0].function.name"},
    {R"("tools":[{"type":"function","function":{"name":")" + std::string(65, 'a') + R"("}}])",
     "tools[0].function.name"},
    {R"("tools":[{"type":"function","function":{"name":"f","parameters":[]}}])",
     "tools[0].function.parameters"},
    {R"("tools":[{"type":"function","function":{"name":"f","description":1}}])",
     "tools[0].function.description"},
    {R"("tools":)" + Tools({"f", "g", "f"}), "tools"},
    {R"("tools":)" + Tools(std::vector<std::string>(129, "f")), "tools"},
    {R"("tool_choice":{"type":"function","function":{"name":"f"}})", "tool_choice"},
    {R"("tool_choice":"required")", "tool_choice"},
    {R"("tool_choice":"required","tools":[])", "tool_choice"},
    {R"("tool_choice":"sometimes")", "tool_choice"},
    {R"("tool_choice":{"type":"allowed_tools"})", "tool_choice"},
    {R"("tool_choice":{"type":"function","function":{"name":"h"}},"tools":)" + Tools({"f", "g"}),
     "tool_choice"},
    {R"("tool_choice":"required","guided_regex":"a","tools":)" + Tools({"f"}), "tool_choice"},
    {R"("parallel_tool_calls":1)", "parallel_tool_calls"},
    {R"("reasoning_effort":"some")", "reasoning_effort"},
    {R"("reasoning_effort":5)", "reasoning_effort"},
    {R"("chat_template_kwargs":5)", "chat_template_kwargs"},
    {R"("chat_template_kwargs":{"chat_template":"x"})", "chat_template_kwargs.chat_template"},
    {R"("chat_template_kwargs":{"tokenize":true})", "chat_template_kwargs.tokenize"},
    {R"("chat_template_kwargs":{"add_generation_prompt":false})",
     "chat_template_kwargs.add_generation_prompt"},
    {R"("chat_template_kwargs":{"conversation":[]})", "chat_template_kwargs.conversation"},
    {R"("chat_template_kwargs":{"messages":[]})", "chat_template_kwargs.messages"},
    {R"("chat_template_kwargs":{"tools":[]})", "chat_template_kwargs.tools"},
    {R"("chat_template_kwargs":{"thinking":{"a":1}})", "chat_template_kwargs.thinking"},
    {R"("chat_template_kwargs":{"thinking":[[1]]})", "chat_template_kwargs.thinking"},
    {R"("chat_template_kwargs":{"thinking":")" + std::string(10000, 'x') + "\"}",
     "chat_template_kwargs.thinking"},
    {R"("continue_final_message":true,"add_generation_prompt":true)", "continue_final_message"},
    {R"("modalities":["audio"])", "modalities"},
    {R"("functions":[{"name":"f"}])", "functions"},
    {R"("echo":true)", "echo"},
};

const std::vector<Refused> kRefusedInCompletions = {
    {R"("logprobs":-1)", "logprobs"},   {R"("logprobs":21)", "logprobs"},
    {R"("logprobs":true)", "logprobs"}, {R"("echo":1)", "echo"},
    {R"("best_of":3)", "best_of"},      {R"("suffix":"tail")", "suffix"},
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
    R"("seed":9223372036854775807)",
    R"("seed":1.0)",
    R"("stop":[])",
    R"("stop":"\n")",
    R"("n":128)",
    R"("presence_penalty":-2,"frequency_penalty":2.0,"repetition_penalty":2)",
    R"("logit_bias":{"0":-100,"2147483647":100})",
    R"("logit_bias":)" + ManyBiases(1024),
    R"("response_format":{"type":"text"},"guided_regex":"a+")",
    R"("response_format":{"type":"json_object"},"guided_json":null)",
    R"("structured_outputs":{"json":null,"choice":["a"],"disable_fallback":false})",
    R"("min_tokens":4,"max_tokens":4,"stop_token_ids":[0,2147483647])",
    R"("prompt_logprobs":20,"return_token_ids":true,"skip_special_tokens":false)",
    R"("stop":")" + Repeat("\u00e9", 1024) + "\"",
    R"("stream":true,"stream_options":{"include_usage":true})",
    R"("stream":false,"stream_options":null)",
    R"("user":"someone","ignore_eos":true)",
};

const std::vector<std::string> kAcceptedInChat = {
    R"("tools":[],"tool_choice":"auto","logprobs":false)",
    R"("tools":null,"tool_choice":"none","top_logprobs":0)",
    R"("tool_choice":"required","tools":)" + Tools({"f", "g.h_i-J"}),
    R"("tool_choice":{"type":"function","function":{"name":"g"}},"tools":)" + Tools({"f", "g"}),
    R"("logprobs":true,"top_logprobs":20)",
    R"("reasoning_effort":"none","chat_template_kwargs":{"thinking":true})",
    R"("continue_final_message":true,"add_generation_prompt":false)",
    R"("continue_final_message":true)",
};

const std::vector<std::string> kAcceptedInCompletions = {
    R"("echo":false,"suffix":null)",
    R"("echo":true,"max_tokens":0)",
    R"("logprobs":20,"add_special_tokens":false)",
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
  for (const std::string& extra : kAcceptedInChat)
    EXPECT_TRUE(ParseChatRequest(Chat(extra)).ok()) << extra;
  for (const std::string& extra : kAcceptedInCompletions)
    EXPECT_TRUE(ParseCompletionRequest(Completion(extra)).ok()) << extra;
}

TEST(FieldTable, MessagesSayTheRealValue) {
  const Status status = ParseChatRequest(Chat(R"("max_tokens":1000000000000000000)")).status();
  EXPECT_NE(status.message().find("1000000000000000000"), std::string::npos) << status.message();
  EXPECT_NE(ParseChatRequest(Chat(R"("lora_path":"x")")).status().message().find("not supported"),
            std::string::npos);
  const Status unknown = ParseChatRequest(Chat(R"("tool_choice":{"type":"function",)"
                                               R"("function":{"name":"wether"}},"tools":)" +
                                               Tools({"weather"})))
                             .status();
  EXPECT_NE(unknown.message().find("weather"), std::string::npos) << unknown.message();
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
    EXPECT_FALSE(field.endpoints.empty()) << field.name;
  }
}

TEST(FieldTable, LogprobsOfBothEndpointsAreOneNumber) {
  EXPECT_FALSE(ParseChatRequest(Chat(""))->fields.num_logprobs.has_value());
  EXPECT_EQ(ParseChatRequest(Chat(R"("logprobs":true)"))->fields.num_logprobs, 0);
  EXPECT_EQ(ParseChatRequest(Chat(R"("logprobs":true,"top_logprobs":5)"))->fields.num_logprobs, 5);
  EXPECT_EQ(ParseCompletionRequest(Completion(R"("logprobs":0)"))->fields.num_logprobs, 0);
  EXPECT_EQ(ParseCompletionRequest(Completion(R"("logprobs":5)"))->fields.num_logprobs, 5);
}

TEST(FieldTable, ReadsTokenLists) {
  const auto request = ParseChatRequest(Chat(R"("logit_bias":{"7":-1.5},"stop_token_ids":[3,4])"));
  ASSERT_TRUE(request.ok());
  ASSERT_EQ(request->fields.logit_bias.size(), 1u);
  EXPECT_EQ(request->fields.logit_bias[0].token, 7);
  EXPECT_DOUBLE_EQ(request->fields.logit_bias[0].bias, -1.5);
  EXPECT_EQ(request->fields.stop_token_ids, (std::vector<int32_t>{3, 4}));
}

struct StructureCase {
  std::string extra;
  StructuredOutput::Kind kind;
  std::string source;
};

// Schemas keep the order of their keys: the model answers in it.
TEST(StructuredOutput, EveryWayToAskEndsInOneForm) {
  using enum StructuredOutput::Kind;
  const std::vector<StructureCase> cases = {
      {R"("response_format":{"type":"text"})", kNone, ""},
      {R"("structured_outputs":{})", kNone, ""},
      {R"("structured_outputs":{"json_object":false})", kNone, ""},
      {R"("response_format":{"type":"json_object"})", kJsonSchema, R"({"type":"object"})"},
      {R"("structured_outputs":{"json_object":true})", kJsonSchema, R"({"type":"object"})"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n"}})", kJsonSchema,
       R"({"type":"object"})"},
      {R"("response_format":{"json_schema":{"schema":{"z":1, "a":2},"strict":true,"name":"n"},)"
       R"("type":"json_schema"})",
       kJsonSchema, R"({"z":1, "a":2})"},
      {R"("guided_json":{"z":1,"a":2})", kJsonSchema, R"({"z":1,"a":2})"},
      {R"("guided_json":"{\"z\":1,\"a\":2}")", kJsonSchema, R"({"z":1,"a":2})"},
      {R"("json_schema":"{}")", kJsonSchema, "{}"},
      {R"("structured_outputs":{"json":{"z":1,"a":2}})", kJsonSchema, R"({"z":1,"a":2})"},
      {R"("regex":"a\nb+")", kRegex, "a\nb+"},
      {R"("guided_regex":"a|b")", kRegex, "a|b"},
      {R"("structured_outputs":{"regex":"a"})", kRegex, "a"},
      {R"("guided_grammar":"start: \"x\"")", kLark, "start: \"x\""},
      {R"("structured_outputs":{"grammar":"start: /a/"})", kLark, "start: /a/"},
      {R"("ebnf":"start: /a/")", kLark, "start: /a/"},
      {R"("guided_choice":["yes","no\n\"x\""])", kLark, R"(start: "yes" | "no\n\"x\"")"},
      {R"("structured_outputs":{"choice":["a"]})", kLark, R"(start: "a")"},
  };
  for (const StructureCase& test_case : cases) {
    const auto request = ParseCompletionRequest(Completion(test_case.extra));
    ASSERT_TRUE(request.ok()) << test_case.extra << request.status().ToString();
    EXPECT_EQ(request->fields.structured.kind, test_case.kind) << test_case.extra;
    EXPECT_EQ(request->fields.structured.source, test_case.source) << test_case.extra;
  }
}

TEST(Tools, AreKeptAsTheyWereWritten) {
  const std::string tool =
      R"({"type":"function","function":{"name":"f","description":"d", "parameters":{"z":1,"a":2}}})";
  const auto request = ParseChatRequest(Chat("\"tools\":[" + tool + "]"));
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  const GenerationFields& fields = request->fields;
  ASSERT_EQ(fields.tools.size(), 1u);
  EXPECT_EQ(fields.tools[0].name, "f");
  EXPECT_EQ(fields.tools[0].description, "d");
  EXPECT_EQ(fields.tools[0].parameters_json, R"({"z":1,"a":2})");
  EXPECT_EQ(fields.tools[0].json, tool);
  EXPECT_EQ(fields.tool_choice.kind, ToolChoice::Kind::kAuto);
}

TEST(Tools, ChoiceFollowsFromWhatIsThere) {
  using enum ToolChoice::Kind;
  const std::vector<std::pair<std::string, ToolChoice::Kind>> cases = {
      {"", kNone},
      {R"("tool_choice":"auto")", kNone},
      {R"("tools":)" + Tools({"f"}), kAuto},
      {R"("tool_choice":null,"tools":)" + Tools({"f"}), kAuto},
      {R"("tool_choice":"none","tools":)" + Tools({"f"}), kNone},
      {R"("tool_choice":"required","tools":)" + Tools({"f"}), kRequired},
      {R"("tool_choice":{"type":"function","function":{"name":"f"}},"tools":)" + Tools({"f"}),
       kNamed},
  };
  for (const auto& [extra, kind] : cases) {
    const auto request = ParseChatRequest(Chat(extra));
    ASSERT_TRUE(request.ok()) << extra << request.status().ToString();
    EXPECT_EQ(request->fields.tool_choice.kind, kind) << extra;
    EXPECT_EQ(request->fields.tool_choice.name, kind == kNamed ? "f" : "") << extra;
  }
}

TEST(TemplateVariables, ComeFromKwargsThenEffort) {
  using Variables = std::vector<std::pair<std::string, std::string>>;
  const std::vector<std::pair<std::string, Variables>> cases = {
      {"", {}},
      {R"("chat_template_kwargs":{"thinking":true,"enable_thinking":null})",
       {{"enable_thinking", "null"}, {"thinking", "true"}}},
      {R"("reasoning_effort":"none")", {{"enable_thinking", "false"}, {"thinking", "false"}}},
      {R"("reasoning_effort":"high","chat_template_kwargs":{"thinking":false})",
       {{"thinking", "false"}, {"enable_thinking", "true"}, {"reasoning_effort", R"("high")"}}},
  };
  for (const auto& [extra, variables] : cases) {
    const auto request = ParseChatRequest(Chat(extra));
    ASSERT_TRUE(request.ok()) << extra << request.status().ToString();
    EXPECT_EQ(request->fields.template_variables, variables) << extra;
  }
}

// Every field of the table is in the schemas, and null is where it means "not given".
TEST(RequestSchema, HasEveryFieldOfTheTable) {
  for (const FieldDescription& field : DescribeFields()) {
    for (const Endpoint endpoint : field.endpoints) {
      const nlohmann::json schema = RequestSchema(endpoint);
      EXPECT_TRUE(schema["properties"].contains(field.name)) << field.name;
    }
  }
  const nlohmann::json chat = RequestSchema(Endpoint::kChatCompletions);
  EXPECT_EQ(chat["required"], (nlohmann::json{"model", "messages"}));
  EXPECT_EQ(chat["properties"]["temperature"]["type"], (nlohmann::json{"number", "null"}));
  EXPECT_EQ(chat["properties"]["model"]["type"], "string");
  EXPECT_EQ(chat["properties"]["audio"]["enum"], nlohmann::json::array({nullptr}));
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

}  // namespace
}  // namespace redline::openai
