#include "openai/field_table.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "openai/chat_message.h"
#include "openai/completion_request.h"
#include "openai/field_rules.h"
#include "openai/special_fields.h"
#include "openai/structured_output.h"
#include "openai/tokenize_request.h"
#include "openai/tools.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Fields = GenerationFields;

constexpr double kMaxInt32 = 2147483647;
constexpr double kMaxLogprobs = 20;

enum Where : unsigned {
  kChat = 1,
  kCompletion = 2,
  kBoth = 3,
  kTokenize = 4,
  kDetokenize = 8,
  kText = 12,  // /tokenize and /detokenize
};

struct Row {
  std::string_view name;
  unsigned where;
  Rule rule;
  std::string_view note = "";  // for the documentation
};

// --- The table -----------------------------------------------------------------------------------

const Row kTable[] = {
    {"model", kBoth, StringRule{1, 256, true, &Fields::model}},
    {"model", kText, StringRule{1, 256, false, &Fields::model}},
    {"messages", kChat | kTokenize,
     CustomRule{"1 to 4096 messages: role system, developer, user, assistant or tool; content text "
                "or a list of text parts; of assistants also tool_calls and reasoning_content; of "
                "tools tool_call_id",
                MessagesSchema}},
    {"prompt", kCompletion,
     CustomRule{"text, a list of token ids, or a list of at most 128 of either; n times their "
                "number at most 128",
                PromptSchema}},
    {"prompt", kTokenize, CustomRule{"text; in place of messages", TextPromptSchema}},
    {"tokens", kDetokenize, CustomRule{"a list of at most 1048576 token ids", TokensSchema}},
    {"stream", kBoth, BoolRule{&Fields::stream}},
    {"stream_options", kBoth,
     CustomRule{"an object with include_usage (usage in a last chunk) and continuous_usage_stats "
                "(usage in every chunk), and only with stream: true",
                StreamOptionsSchema, ReadStreamOptions}},

    // How tokens are chosen.
    {"n", kBoth, IntegerRule{1, kMaxChoicesPerRequest, &Fields::n}, "answers to each prompt"},
    {"temperature", kBoth, NumberRule{0, 2, false, &Fields::temperature}},
    {"top_p", kBoth, NumberRule{0, 1, true, &Fields::top_p}},
    {"top_k", kBoth, IntegerRule{-1, kMaxInt32, &Fields::top_k}, "-1 and 0: off"},
    {"min_p", kBoth, NumberRule{0, 1, false, &Fields::min_p}},
    {"presence_penalty", kBoth, NumberRule{-2, 2, false, &Fields::presence_penalty}},
    {"frequency_penalty", kBoth, NumberRule{-2, 2, false, &Fields::frequency_penalty}},
    {"repetition_penalty", kBoth, NumberRule{0.01, 2, false, &Fields::repetition_penalty}},
    {"logit_bias", kBoth,
     CustomRule{"an object of at most 1024 token ids of the vocabulary, each with a number from "
                "-100 to 100",
                LogitBiasSchema, ReadLogitBias}},
    {"seed", kBoth, CustomRule{"an integer from -2^63 to 2^63 - 1", SeedSchema, ReadSeed}},

    // Where the answer ends.
    {"stop", kBoth,
     CustomRule{"a string or a list of at most 4 strings, each of 1 to 1024 characters", StopSchema,
                ReadStop}},
    {"include_stop_str_in_output", kBoth, BoolRule{&Fields::include_stop_str_in_output}},
    {"stop_token_ids", kBoth,
     CustomRule{"a list of at most 1024 token ids of the vocabulary", StopTokenIdsSchema,
                ReadStopTokenIds}},
    {"ignore_eos", kBoth, BoolRule{&Fields::ignore_eos}},
    {"max_tokens", kChat, IntegerRule{1, kMaxInt32, &Fields::max_tokens},
     "what the context leaves unless given"},
    {"max_tokens", kCompletion, IntegerRule{0, kMaxInt32, &Fields::max_tokens},
     "0 only with echo; 16 unless given"},
    {"max_completion_tokens", kBoth, IntegerRule{1, kMaxInt32, &Fields::max_completion_tokens},
     "wins over max_tokens"},
    {"min_tokens", kBoth, IntegerRule{0, kMaxInt32, &Fields::min_tokens}, "at most max_tokens"},

    // What the answer tells beside its text.
    {"logprobs", kChat, BoolRule{&Fields::logprobs}},
    {"top_logprobs", kChat, IntegerRule{0, kMaxLogprobs, &Fields::top_logprobs},
     "above 0 only with logprobs: true"},
    {"logprobs", kCompletion, IntegerRule{0, kMaxLogprobs, &Fields::num_logprobs}},
    {"prompt_logprobs", kBoth, IntegerRule{0, kMaxLogprobs, &Fields::prompt_logprobs},
     "not with stream: true"},
    {"echo", kCompletion, BoolRule{&Fields::echo}, "the prompt in front of the answer"},
    {"return_tokens_as_token_ids", kBoth, BoolRule{&Fields::return_tokens_as_token_ids}},
    {"return_token_ids", kBoth, BoolRule{&Fields::return_token_ids}},
    {"return_token_strs", kTokenize, BoolRule{&Fields::return_token_strs}},
    {"skip_special_tokens", kBoth, BoolRule{&Fields::skip_special_tokens}},
    {"add_special_tokens", kCompletion | kTokenize,
     CustomRule{"true or false", BoolSchema, ReadAddSpecialTokens},
     "BOS in front where the model has it; true for a prompt, false for messages"},
    {"add_special_tokens", kChat, UnsupportedRule{"false"}},

    // What the answer must be: at most one of these.
    {"response_format", kBoth,
     CustomRule{"an object with type text, json_object, or json_schema and json_schema.{name, "
                "schema, strict, description}",
                ResponseFormatSchema, ReadResponseFormat}},
    {"structured_outputs", kBoth,
     CustomRule{"an object with one of json (a JSON schema), regex (Rust's syntax), choice (a list "
                "of texts), grammar (llguidance's Lark), json_object (true)",
                StructuredOutputsSchema, ReadStructuredOutputs}},
    {"guided_json", kBoth,
     CustomRule{"a JSON schema, or text that holds one", JsonSchemaFieldSchema,
                ReadJsonSchemaField}},
    {"json_schema", kBoth,
     CustomRule{"a JSON schema, or text that holds one", JsonSchemaFieldSchema,
                ReadJsonSchemaField}},
    {"guided_regex", kBoth,
     CustomRule{"a regular expression (Rust's syntax)", GrammarTextSchema, ReadRegexField}},
    {"regex", kBoth,
     CustomRule{"a regular expression (Rust's syntax)", GrammarTextSchema, ReadRegexField}},
    {"guided_choice", kBoth,
     CustomRule{"a list of 1 to 1024 texts", ChoiceSchema, ReadChoiceField}},
    {"guided_grammar", kBoth,
     CustomRule{"a grammar in llguidance's dialect of Lark", GrammarTextSchema, ReadLarkField}},

    // Tools.
    {"tools", kChat | kTokenize,
     CustomRule{"at most 128 of {type: function, function: {name, description, parameters}}, names "
                "^[a-zA-Z0-9_.-]{1,64}$ and all different",
                ToolsSchema, ReadTools}},
    {"tool_choice", kChat,
     CustomRule{"none, auto, required, or {type: function, function: {name}} of one of the tools",
                ToolChoiceSchema, ReadToolChoice}},
    {"parallel_tool_calls", kChat, BoolRule{&Fields::parallel_tool_calls}},

    // What the chat template gets.
    {"reasoning_effort", kChat | kTokenize,
     CustomRule{"none or minimal (thinking off), low, medium, high, xhigh or max (thinking on)",
                ReasoningEffortSchema, ReadReasoningEffort}},
    {"chat_template_kwargs", kChat | kTokenize,
     CustomRule{"an object with enable_thinking or thinking: true, false, a number or a text of at "
                "most 256 characters",
                TemplateKwargsSchema, ReadTemplateKwargs}},
    {"add_generation_prompt", kChat | kTokenize, BoolRule{&Fields::add_generation_prompt}},
    {"continue_final_message", kChat | kTokenize, BoolRule{&Fields::continue_final_message},
     "the answer goes on where the last message, the assistant's, ends"},
    {"separate_reasoning", kChat, BoolRule{&Fields::separate_reasoning},
     "false leaves the reasoning and its marks in content"},
    {"include_reasoning", kChat, BoolRule{&Fields::include_reasoning},
     "false leaves the reasoning out"},

    {"cache_salt", kBoth, StringRule{1, 256, false, &Fields::cache_salt},
     "only requests with equal salts share cached prefixes"},
    {"user", kBoth, StringRule{0, 512, false, &Fields::user}},

    // Bookkeeping on the provider's side.
    {"metadata", kChat, NoEffectRule{}},
    {"store", kChat, NoEffectRule{}},
    {"service_tier", kChat, NoEffectRule{}},
    {"safety_identifier", kChat, NoEffectRule{}},
    {"prompt_cache_key", kChat, NoEffectRule{}},
    {"prompt_cache_retention", kChat, NoEffectRule{}},

    // Features of OpenAI's API that are not here.
    {"best_of", kCompletion, UnsupportedRule{"1", 1, 20}},
    {"suffix", kCompletion, UnsupportedRule{R"("")"}},
    {"functions", kChat, UnsupportedRule{"[]"}},
    {"function_call", kChat, UnsupportedRule{R"("none" "auto")"}},
    {"modalities", kChat, UnsupportedRule{R"(["text"])"}},
    {"audio", kChat, UnsupportedRule{""}},
    {"prediction", kChat, UnsupportedRule{""}},
    {"verbosity", kChat, UnsupportedRule{""}},
    {"web_search_options", kChat, UnsupportedRule{""}},

    // Extensions of vLLM, SGLang and llama.cpp that would change the answer.
    {"length_penalty", kBoth, UnsupportedRule{"1"}},
    {"repeat_penalty", kBoth, UnsupportedRule{"1"}},
    {"typical_p", kBoth, UnsupportedRule{"1"}},
    {"stop_regex", kBoth, UnsupportedRule{R"([] "")"}},
    {"no_stop_trim", kBoth, UnsupportedRule{"false"}},
    {"spaces_between_special_tokens", kBoth, UnsupportedRule{"true"}},
    {"use_beam_search", kBoth, UnsupportedRule{"false"}},
    {"bad_words", kBoth, UnsupportedRule{"[]"}},
    {"allowed_token_ids", kBoth, UnsupportedRule{""}},
    {"truncate_prompt_tokens", kBoth, UnsupportedRule{""}},
    {"prompt_embeds", kBoth, UnsupportedRule{""}},
    {"lora_path", kBoth, UnsupportedRule{""}},
    {"ebnf", kBoth, UnsupportedRule{R"("")"}},
    {"grammar", kBoth, UnsupportedRule{R"("")"}},
    {"logits_processors", kBoth, UnsupportedRule{""}},
    {"custom_logit_processor", kBoth, UnsupportedRule{""}},
    {"chat_template", kChat | kTokenize, UnsupportedRule{""}},
    {"echo", kChat, UnsupportedRule{"false"}},
    {"stream_reasoning", kChat, UnsupportedRule{"true"}},
    {"documents", kChat, UnsupportedRule{"[]"}},
    {"mm_processor_kwargs", kBoth | kTokenize, UnsupportedRule{"{}"}},
};

// --- Reading a body ------------------------------------------------------------------------------

constexpr std::array kEndpoints = {Endpoint::kChatCompletions, Endpoint::kCompletions,
                                   Endpoint::kTokenize, Endpoint::kDetokenize};

bool IsIn(unsigned where, Endpoint endpoint) {
  return (where & (1U << static_cast<unsigned>(endpoint))) != 0;
}

const Row* FindRow(std::string_view name, Endpoint endpoint) {
  for (const Row& row : kTable) {
    if (row.name == name && IsIn(row.where, endpoint)) return &row;
  }
  return nullptr;
}

bool IsGiven(const Json& body, const char* name) {
  const auto value = body.find(name);
  return value != body.end() && !value->is_null();
}

// `logprobs` and `top_logprobs` of chat to the one number of completions.
Status MergeChatLogprobs(Fields& fields) {
  if (fields.logprobs) fields.num_logprobs = fields.top_logprobs.value_or(0);
  if (!fields.logprobs && fields.top_logprobs.value_or(0) > 0)
    return InvalidArgument("top_logprobs needs logprobs: true", "top_logprobs");
  return OkStatus();
}

Status CheckLengths(Fields& fields) {
  if (fields.max_completion_tokens) fields.max_tokens = fields.max_completion_tokens;
  if (fields.max_tokens && fields.min_tokens.value_or(0) > *fields.max_tokens) {
    return InvalidArgument(fmt::format("min_tokens is {}, more than the {} of max_tokens",
                                       *fields.min_tokens, *fields.max_tokens),
                           "min_tokens");
  }
  if (fields.max_tokens == 0 && !fields.echo)
    return InvalidArgument("max_tokens must be at least 1 without echo, got 0", "max_tokens");
  return OkStatus();
}

Status CheckTogether(const Json& body, Endpoint endpoint, Fields& fields) {
  const bool is_chat = endpoint == Endpoint::kChatCompletions;
  const bool generates = is_chat || endpoint == Endpoint::kCompletions;
  if (generates && fields.model.empty())
    return InvalidArgument("model is required: the name of a served model", "model");
  if (!fields.stream && IsGiven(body, "stream_options"))
    return InvalidArgument("stream_options needs stream: true", "stream_options");
  if (fields.stream && fields.prompt_logprobs)
    return InvalidArgument("prompt_logprobs cannot be had with stream: true", "prompt_logprobs");
  if (fields.continue_final_message && fields.add_generation_prompt &&
      IsGiven(body, "add_generation_prompt")) {
    return InvalidArgument(
        "continue_final_message and add_generation_prompt exclude each other; give one",
        "continue_final_message");
  }
  RL_RETURN_IF_ERROR(CheckLengths(fields));
  if (is_chat) RL_RETURN_IF_ERROR(MergeChatLogprobs(fields));
  return CheckToolChoice(body, fields);
}

// A schema that takes null as well.
Json Nullable(Json schema) {
  if (schema.empty()) return schema;
  if (schema.contains("type") && schema["type"].is_string())
    schema["type"] = {schema["type"], "null"};
  else if (schema.contains("type"))
    schema["type"].push_back("null");
  else if (schema.contains("enum") && schema["enum"].back() != nullptr)
    schema["enum"].push_back(nullptr);
  else if (schema.contains("enum"))
    return schema;
  else
    schema["anyOf"].push_back({{"type", "null"}});
  return schema;
}

bool IsReadByEndpoint(const Rule& rule) {
  const auto* custom = std::get_if<CustomRule>(&rule);
  return custom != nullptr && custom->read == nullptr;
}

}  // namespace

Result<GenerationFields> ReadFields(const Json& body, std::string_view text, Endpoint endpoint) {
  Fields fields;
  for (const auto& [name, value] : body.items()) {
    const Row* row = FindRow(name, endpoint);
    if (row == nullptr) {
      fields.unknown_fields.push_back(name);
      continue;
    }
    if (value.is_null() && !IsRequired(row->rule)) continue;
    RL_RETURN_IF_ERROR(ReadField(row->rule, {row->name, value, text}, fields));
  }
  RL_RETURN_IF_ERROR(CheckTogether(body, endpoint, fields));
  return fields;
}

std::vector<FieldDescription> DescribeFields() {
  std::vector<FieldDescription> out;
  for (const Row& row : kTable) {
    FieldDescription field{std::string(row.name), DescribeRule(row.rule), {}};
    if (!row.note.empty()) field.accepts += fmt::format("; {}", row.note);
    std::copy_if(kEndpoints.begin(), kEndpoints.end(), std::back_inserter(field.endpoints),
                 [&](Endpoint endpoint) { return IsIn(row.where, endpoint); });
    out.push_back(std::move(field));
  }
  return out;
}

Json RequestSchema(Endpoint endpoint) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Row& row : kTable) {
    if (!IsIn(row.where, endpoint)) continue;
    // /tokenize takes one of two.
    const bool must_be_there =
        IsRequired(row.rule) || (IsReadByEndpoint(row.rule) && endpoint != Endpoint::kTokenize);
    Json schema = SchemaOfRule(row.rule);
    properties[std::string(row.name)] = must_be_there || IsReadByEndpoint(row.rule)
                                            ? std::move(schema)
                                            : Nullable(std::move(schema));
    if (must_be_there) required.push_back(row.name);
  }
  Json schema = {{"type", "object"}, {"properties", properties}, {"required", required}};
  if (endpoint == Endpoint::kTokenize)
    schema["oneOf"] = {{{"required", Json::array({"prompt"})}},
                       {{"required", Json::array({"messages"})}}};
  return schema;
}

}  // namespace redline::openai
