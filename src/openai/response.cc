#include "openai/response.h"

#include <fmt/format.h>

#include "net/json_body.h"
#include "openai/logprobs_json.h"

namespace redline::openai {
namespace {

using net::JsonString;

bool IsChat(const ResponseIdentity& identity) { return identity.kind == AnswerKind::kChat; }

// {"id":…,"object":…,"created":…,"model":…
std::string Head(const ResponseIdentity& identity, std::string_view object) {
  return fmt::format(R"({{"id":{},"object":"{}","created":{},"model":{})", JsonString(identity.id),
                     object, identity.created, JsonString(identity.model));
}

std::string_view ChunkObject(const ResponseIdentity& identity) {
  return IsChat(identity) ? "chat.completion.chunk" : "text_completion";
}

std::string UsageObject(const Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                     usage.prompt_tokens, usage.completion_tokens,
                     usage.prompt_tokens + usage.completion_tokens, usage.cached_tokens);
}

std::string StopReason(const Choice& choice) {
  if (const auto* text = std::get_if<std::string>(&choice.stop_reason)) return JsonString(*text);
  if (const auto* token = std::get_if<int32_t>(&choice.stop_reason)) return std::to_string(*token);
  return "null";
}

std::string Logprobs(const ResponseIdentity& identity, const Choice& choice) {
  if (!choice.logprobs) return "null";
  return IsChat(identity) ? ChatLogprobsJson(*choice.logprobs)
                          : CompletionLogprobsJson(*choice.logprobs);
}

// ,"NAME":[1,2] or nothing.
std::string OptionalIds(std::string_view name, const std::optional<std::vector<int32_t>>& ids) {
  return ids ? fmt::format(",\"{}\":[{}]", name, fmt::join(*ids, ",")) : "";
}

// ,"prompt_token_ids":…,"prompt_logprobs":… where asked for.
std::string AboutPrompt(const Choice& choice) {
  std::string out = OptionalIds("prompt_token_ids", choice.prompt_token_ids);
  if (choice.prompt_logprobs)
    out += ",\"prompt_logprobs\":" + PromptLogprobsJson(*choice.prompt_logprobs);
  return out;
}

// What follows a choice's text or message, to its end.
std::string ChoiceTail(const ResponseIdentity& identity, const Choice& choice) {
  return fmt::format(R"(,"logprobs":{},"finish_reason":{},"stop_reason":{}{}}})",
                     Logprobs(identity, choice),
                     choice.finish_reason.empty() ? "null" : JsonString(choice.finish_reason),
                     StopReason(choice), OptionalIds("token_ids", choice.token_ids));
}

std::string TextChoice(const ResponseIdentity& identity, const Choice& choice) {
  return fmt::format(R"({{"index":{},"text":{}{}{})", choice.index, JsonString(choice.content),
                     AboutPrompt(choice), ChoiceTail(identity, choice));
}

enum class CallForm { kWhole, kPiece };

std::string ToolCallJson(const ToolCall& call, CallForm form) {
  std::string out = "{";
  if (form == CallForm::kPiece) out += fmt::format("\"index\":{},", call.index);
  if (!call.id.empty()) out += fmt::format(R"("id":{},"type":"function",)", JsonString(call.id));
  out += "\"function\":{";
  if (!call.name.empty()) out += fmt::format("\"name\":{},", JsonString(call.name));
  return out += fmt::format("\"arguments\":{}}}}}", JsonString(call.arguments));
}

std::string ToolCallsJson(const std::vector<ToolCall>& calls, CallForm form) {
  std::string out = "[";
  for (const ToolCall& call : calls) {
    if (out.size() > 1) out += ',';
    out += ToolCallJson(call, form);
  }
  return out += ']';
}

std::string Message(const Choice& choice) {
  const bool only_calls = choice.content.empty() && !choice.tool_calls.empty();
  std::string out = fmt::format(R"({{"role":"assistant","content":{},"refusal":null)",
                                only_calls ? "null" : JsonString(choice.content));
  if (!choice.reasoning.empty()) out += ",\"reasoning_content\":" + JsonString(choice.reasoning);
  if (!choice.tool_calls.empty())
    out += ",\"tool_calls\":" + ToolCallsJson(choice.tool_calls, CallForm::kWhole);
  return out += '}';
}

std::string MessageChoice(const ResponseIdentity& identity, const Choice& choice) {
  return fmt::format(R"({{"index":{},"message":{}{})", choice.index, Message(choice),
                     ChoiceTail(identity, choice));
}

std::string Delta(const Choice& choice) {
  std::string out = choice.first ? R"({"role":"assistant")" : "{";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (out.size() > 1) out += ',';
    out += fmt::format("\"{}\":{}", name, value);
  };
  if (choice.first || !choice.content.empty()) add("content", JsonString(choice.content));
  if (!choice.reasoning.empty()) add("reasoning_content", JsonString(choice.reasoning));
  if (!choice.tool_calls.empty())
    add("tool_calls", ToolCallsJson(choice.tool_calls, CallForm::kPiece));
  return out += '}';
}

std::string ChatChunk(const ResponseIdentity& identity, const Choice& choice) {
  return fmt::format(R"({{"index":{},"delta":{}{})", choice.index, Delta(choice),
                     ChoiceTail(identity, choice));
}

}  // namespace

std::string Answer(const ResponseIdentity& identity, std::span<const Choice> choices,
                   const Usage& usage) {
  std::string out = Head(identity, IsChat(identity) ? "chat.completion" : "text_completion");
  out += ",\"choices\":[";
  for (const Choice& choice : choices) {
    if (&choice != &choices.front()) out += ',';
    out += IsChat(identity) ? MessageChoice(identity, choice) : TextChoice(identity, choice);
  }
  out += ']';
  if (IsChat(identity) && !choices.empty()) out += AboutPrompt(choices.front());
  return out += fmt::format(",\"usage\":{}}}", UsageObject(usage));
}

std::string Chunk(const ResponseIdentity& identity, const Choice& choice,
                  const std::optional<Usage>& usage) {
  std::string out = Head(identity, ChunkObject(identity));
  out += fmt::format(",\"choices\":[{}]",
                     IsChat(identity) ? ChatChunk(identity, choice) : TextChoice(identity, choice));
  if (IsChat(identity)) out += AboutPrompt(choice);
  if (usage) return out += fmt::format(",\"usage\":{}}}", UsageObject(*usage));
  return out += identity.include_usage ? R"(,"usage":null})" : "}";
}

std::string UsageChunk(const ResponseIdentity& identity, const Usage& usage) {
  return fmt::format(R"({},"choices":[],"usage":{}}})", Head(identity, ChunkObject(identity)),
                     UsageObject(usage));
}

std::string ModelObject(const ModelCard& model) {
  return fmt::format(
      R"({{"id":{},"object":"model","created":{},"owned_by":{}{}{}}})", JsonString(model.id),
      model.created, JsonString(model.owned_by),
      model.max_model_len > 0 ? fmt::format(R"(,"max_model_len":{})", model.max_model_len) : "",
      model.is_virtual ? R"(,"virtual":true)" : "");
}

std::string ModelList(std::span<const ModelCard> models) {
  std::string out = R"({"object":"list","data":[)";
  for (size_t index = 0; index < models.size(); ++index) {
    if (index > 0) out += ',';
    out += ModelObject(models[index]);
  }
  return out += "]}";
}

std::string TokenizeAnswer(const Tokenization& tokenization) {
  std::string out = fmt::format(R"({{"count":{},"max_model_len":{},"tokens":[{}],"token_strs":)",
                                tokenization.tokens.size(), tokenization.max_model_len,
                                fmt::join(tokenization.tokens, ","));
  if (!tokenization.token_strs) return out += "null}";
  out += '[';
  for (const std::string& text : *tokenization.token_strs) {
    if (&text != &tokenization.token_strs->front()) out += ',';
    net::AppendJsonString(out, text);
  }
  return out += "]}";
}

std::string DetokenizeAnswer(std::string_view prompt) {
  return fmt::format(R"({{"prompt":{}}})", JsonString(prompt));
}

}  // namespace redline::openai
