#include "engine/api/request_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace redline::engine {
namespace {

using ChoiceKind = openai::ToolChoice::Kind;
using StructureKind = openai::StructuredOutput::Kind;

text::GrammarKind GrammarKindOf(StructureKind kind) {
  switch (kind) {
    case StructureKind::kRegex:
      return text::GrammarKind::kRegex;
    case StructureKind::kLark:
      return text::GrammarKind::kLark;
    default:
      return text::GrammarKind::kJsonSchema;
  }
}

std::vector<text::ToolDefinition> DefinitionsOf(const std::vector<openai::Tool>& tools) {
  std::vector<text::ToolDefinition> definitions;
  for (const openai::Tool& tool : tools) definitions.push_back({tool.name, tool.parameters_json});
  return definitions;
}

// The calls that tool_choice leaves: all, or those of one tool.
std::vector<text::ToolDefinition> ChosenTools(const openai::GenerationFields& fields) {
  std::vector<text::ToolDefinition> chosen = DefinitionsOf(fields.tools);
  if (fields.tool_choice.kind == ChoiceKind::kNamed) {
    std::erase_if(chosen, [&](const auto& tool) { return tool.name != fields.tool_choice.name; });
  }
  return chosen;
}

bool IsForced(const openai::ToolChoice& choice) {
  return choice.kind == ChoiceKind::kRequired || choice.kind == ChoiceKind::kNamed;
}

// A call that must come has a form even where the model's own is not known.
constexpr std::string_view kPlainForm = "json";

text::OutputFormat OutputFormatOf(ReasoningState reasoning, const openai::GenerationFields& fields,
                                  const LoadedModel& model) {
  text::OutputFormat format;
  if (fields.separate_reasoning && reasoning != ReasoningState::kBehind)
    format.reasoning_parser = model.reasoning_parser;
  format.starts_in_reasoning = reasoning == ReasoningState::kInside;
  if (fields.tool_choice.kind == ChoiceKind::kNone) return format;
  format.tool_call_parser = model.tool_call_parser;
  if (format.tool_call_parser.empty() && IsForced(fields.tool_choice))
    format.tool_call_parser = kPlainForm;
  format.tools = DefinitionsOf(fields.tools);
  return format;
}

}  // namespace

SamplingParams SamplingOf(const openai::GenerationFields& fields, int64_t default_max_tokens) {
  SamplingParams params;
  params.temperature = fields.temperature.value_or(params.temperature);
  params.top_p = fields.top_p.value_or(params.top_p);
  params.top_k = fields.top_k.value_or(params.top_k);
  params.min_p = fields.min_p.value_or(params.min_p);
  if (fields.seed) params.seed = static_cast<uint64_t>(*fields.seed);
  params.presence_penalty = fields.presence_penalty.value_or(params.presence_penalty);
  params.frequency_penalty = fields.frequency_penalty.value_or(params.frequency_penalty);
  params.repetition_penalty = fields.repetition_penalty.value_or(params.repetition_penalty);
  for (const openai::LogitBias& bias : fields.logit_bias)
    params.logit_bias.push_back({bias.token, static_cast<float>(bias.bias)});
  params.max_tokens = fields.max_tokens.value_or(default_max_tokens);
  params.min_tokens = fields.min_tokens.value_or(params.min_tokens);
  params.ignore_eos = fields.ignore_eos;
  params.stop_token_ids = fields.stop_token_ids;
  params.num_logprobs = static_cast<int>(fields.num_logprobs.value_or(-1));
  return params;
}

ChoiceFormat FormatOf(const openai::GenerationFields& fields, openai::AnswerKind kind,
                      const LoadedModel& model) {
  return {.kind = kind,
          .stop = fields.stop,
          .include_stop = fields.include_stop_str_in_output,
          .stop_token_ids = fields.stop_token_ids,
          .skip_special_tokens = fields.skip_special_tokens,
          .hidden_tokens = {},
          .num_logprobs = static_cast<int>(fields.num_logprobs.value_or(-1)),
          .num_prompt_logprobs = static_cast<int>(fields.prompt_logprobs.value_or(-1)),
          .tokens_as_ids = fields.return_tokens_as_token_ids,
          .tells_token_ids = fields.return_token_ids || model.tokenizer == nullptr,
          .tells_prompt_ids = fields.return_token_ids,
          .echo = fields.echo,
          .parse = std::nullopt,
          .include_reasoning = fields.include_reasoning,
          .parallel_tool_calls = fields.parallel_tool_calls,
          .calls_finish_as_stop = fields.tool_choice.kind == ChoiceKind::kNamed};
}

std::optional<Structure> StructureOf(const openai::GenerationFields& fields) {
  if (fields.structured.kind == StructureKind::kNone) return std::nullopt;
  return Structure{.kind = GrammarKindOf(fields.structured.kind),
                   .source = fields.structured.source,
                   .param = fields.structured.param};
}

Status CheckAgainstModel(const openai::GenerationFields& fields, const Served& served) {
  if (served.model->tokenizer != nullptr) return OkStatus();
  const auto refuse = [&](std::string_view param, std::string_view why) {
    return InvalidArgument(fmt::format("the model {} has no tokenizer: {}", served.name, why),
                           std::string(param));
  };
  if (!fields.stop.empty()) return refuse("stop", "there is no text to find stop strings in");
  if (fields.structured.kind != StructureKind::kNone)
    return refuse(fields.structured.param, "there is no text to hold to a form");
  return OkStatus();
}

Status ReadAnswerAs(ReasoningState reasoning, const openai::GenerationFields& fields,
                    const LoadedModel& model, AnswerRequest& request) {
  const text::OutputFormat parse = OutputFormatOf(reasoning, fields, model);
  if (IsForced(fields.tool_choice)) {
    const auto parallel =
        fields.parallel_tool_calls ? text::ParallelCalls::kYes : text::ParallelCalls::kNo;
    Result<std::string> grammar =
        text::ToolCallGrammar(parse.tool_call_parser, ChosenTools(fields), parallel);
    if (!grammar.ok()) return InvalidArgument(grammar.status().message(), "tools");
    request.structure = Structure{
        .kind = text::GrammarKind::kLark, .source = std::move(grammar).value(), .param = "tools"};
  }
  if (request.structure) {
    request.structure->after_reasoning =
        !model.reasoning_parser.empty() && reasoning != ReasoningState::kBehind;
    request.structure->starts_in_reasoning = reasoning == ReasoningState::kInside;
  }
  if (parse.reasoning_parser.empty() && parse.tool_call_parser.empty()) return OkStatus();
  // The marks of reasoning and calls may be special tokens; the end of the text stays hidden.
  request.format.skip_special_tokens = false;
  request.format.hidden_tokens = model.engine->model_config().eos_token_ids;
  request.format.parse = parse;
  return OkStatus();
}

}  // namespace redline::engine
