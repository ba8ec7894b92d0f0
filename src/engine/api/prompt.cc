#include "engine/api/prompt.h"

#include <fmt/format.h>

#include <optional>

#include "base/strings.h"
#include "engine/api/refusal.h"
#include "engine/api/tool_prompt.h"
#include "net/json_body.h"
#include "openai/error.h"
#include "text/parser_choice.h"

namespace redline::engine {
namespace {

// Text of so many bytes has at least so many tokens, because no token stands for more than
// max_token_bytes: what cannot fit is refused before any of it is tokenised.
int64_t LeastTokens(size_t num_bytes, const LoadedModel& model) {
  return (static_cast<int64_t>(num_bytes) + model.max_token_bytes - 1) / model.max_token_bytes;
}

size_t ContentBytes(const std::vector<openai::ChatMessage>& messages) {
  size_t num_bytes = 0;
  for (const openai::ChatMessage& message : messages) num_bytes += message.content.size();
  return num_bytes;
}

// Templates may leave out what messages say (earlier reasoning), but hardly more than this.
constexpr int64_t kMaxShareLeftOut = 4;

Status CheckChatIsServed(const Served& served) {
  if (served.model->tokenizer == nullptr) {
    return InvalidArgument(fmt::format("the model {} has no tokenizer: use /v1/completions with a "
                                       "list of token ids as prompt",
                                       served.name),
                           "messages");
  }
  if (served.model->chat_template == nullptr) {
    return InvalidArgument(
        fmt::format("the model {} has no chat template: use /v1/completions", served.name),
        "messages");
  }
  return OkStatus();
}

std::string ToolsJson(const std::vector<openai::Tool>& tools) {
  std::string out = "[";
  for (const openai::Tool& tool : tools) {
    if (out.size() > 1) out += ',';
    out += tool.json;
  }
  return out += ']';
}

// Tools that must not be called are not shown.
bool ShowsTools(const openai::GenerationFields& fields) {
  return fields.tool_choice.kind != openai::ToolChoice::Kind::kNone;
}

// The variables of the template.
std::string TemplateContext(const std::vector<openai::ChatMessage>& messages,
                            const openai::GenerationFields& fields, const LoadedModel& model) {
  const bool adds_prompt = fields.add_generation_prompt && !fields.continue_final_message;
  std::string context =
      fmt::format(R"({{"messages":{},"add_generation_prompt":{},"bos_token":{},"eos_token":{})",
                  openai::MessagesJson(messages), adds_prompt, net::JsonString(model.bos_token),
                  net::JsonString(model.eos_token));
  if (ShowsTools(fields)) context += ",\"tools\":" + ToolsJson(fields.tools);
  for (const auto& [name, json] : fields.template_variables)
    context += fmt::format(",\"{}\":{}", name, json);
  return context += '}';
}

Result<std::string> Render(const std::vector<openai::ChatMessage>& messages,
                           const openai::GenerationFields& fields, const LoadedModel& model) {
  if (!ShowsTools(fields) || model.template_shows_tools)
    return model.chat_template->Render(TemplateContext(messages, fields, model));
  const auto render = [&](DescribeIn place) {
    const auto described =
        WithToolDescription(messages, fields.tools, model.tool_call_parser, place);
    return model.chat_template->Render(TemplateContext(described, fields, model));
  };
  Result<std::string> text = render(DescribeIn::kSystem);
  return text.ok() ? text : render(DescribeIn::kUser);
}

// As Hugging Face's continue_final_message: the prompt ends where the last message does.
Result<std::string> CutAfterFinalMessage(std::string text,
                                         const std::vector<openai::ChatMessage>& messages) {
  const openai::ChatMessage& last = messages.back();
  const std::string_view content = Trim(last.content);
  const size_t found = content.empty() ? std::string::npos : text.rfind(content);
  if (last.role != openai::Role::kAssistant || found == std::string::npos) {
    return InvalidArgument(
        "continue_final_message needs a last message of role assistant, with "
        "text that the chat template shows as it is",
        "continue_final_message");
  }
  text.resize(found + content.size());
  return text;
}

}  // namespace

int64_t ContextLength(const LoadedModel& model) {
  return model.engine->resolved().options.context_length;
}

OrRefusal<std::vector<TokenId>> Tokenize(std::string_view text, AddBos add_bos,
                                         std::string_view param, const LoadedModel& model) {
  const int64_t context_length = ContextLength(model);
  const int64_t least_tokens = LeastTokens(text.size(), model);
  if (least_tokens + 1 > context_length) {
    return openai::ContextLengthError(param, least_tokens, context_length);
  }
  Result<std::vector<TokenId>> tokens = model.tokenizer->Encode(text, text::SpecialTokens::kParse);
  if (!tokens.ok()) return RefusalOf(tokens.status());
  const bool has_bos = add_bos == AddBos::kYes && model.tokenizer->AddsBos();
  if (const auto bos = model.tokenizer->BosId(); has_bos && bos)
    tokens->insert(tokens->begin(), *bos);
  return std::move(tokens).value();
}

ReasoningState ReasoningStateOf(std::string_view prompt) {
  if (text::EndsInReasoning(prompt)) return ReasoningState::kInside;
  return Trim(prompt).ends_with("</think>") ? ReasoningState::kBehind : ReasoningState::kBefore;
}

OrRefusal<std::string> RenderChat(const std::vector<openai::ChatMessage>& messages,
                                  const openai::GenerationFields& fields, const Served& served) {
  if (const Status status = CheckChatIsServed(served); !status.ok()) return RefusalOf(status);
  const LoadedModel& model = *served.model;
  const int64_t least_tokens = LeastTokens(ContentBytes(messages), model);
  if (least_tokens / kMaxShareLeftOut > ContextLength(model))
    return openai::ContextLengthError("messages", least_tokens, ContextLength(model));
  Result<std::string> text = Render(messages, fields, model);
  // The template's own words, and its limits, are about what the client sent.
  if (!text.ok()) return RefusalOf(InvalidArgument(text.status().message(), "messages"));
  if (fields.continue_final_message) text = CutAfterFinalMessage(std::move(text).value(), messages);
  if (!text.ok()) return RefusalOf(text.status());
  return std::move(text).value();
}

}  // namespace redline::engine
