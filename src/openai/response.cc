#include "openai/response.h"

#include <fmt/format.h>

#include "net/json_body.h"

namespace redline::openai {
namespace {

using net::JsonString;

// {"id":…,"object":…,"created":…,"model":…
std::string Head(const ResponseIdentity& identity, std::string_view object) {
  return fmt::format(R"({{"id":{},"object":"{}","created":{},"model":{})", JsonString(identity.id),
                     object, identity.created, JsonString(identity.model));
}

std::string FinishReason(std::string_view finish_reason) {
  return finish_reason.empty() ? "null" : JsonString(finish_reason);
}

std::string UsageObject(const Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                     usage.prompt_tokens, usage.completion_tokens,
                     usage.prompt_tokens + usage.completion_tokens, usage.cached_tokens);
}

// The end of a chunk that is not the usage chunk.
std::string_view ChunkTail(const ResponseIdentity& identity) {
  return identity.include_usage ? R"(,"usage":null})" : "}";
}

std::string ChatChunk(const ResponseIdentity& identity, std::string_view delta,
                      std::string_view finish_reason) {
  return fmt::format(
      R"({},"choices":[{{"index":0,"delta":{},"logprobs":null,"finish_reason":{}}}]{})",
      Head(identity, "chat.completion.chunk"), delta, FinishReason(finish_reason),
      ChunkTail(identity));
}

std::string UsageChunk(const ResponseIdentity& identity, std::string_view object,
                       const Usage& usage) {
  return fmt::format(R"({},"choices":[],"usage":{}}})", Head(identity, object), UsageObject(usage));
}

std::string TextChoice(std::string_view text, std::string_view finish_reason) {
  return fmt::format(R"({{"index":0,"text":{},"logprobs":null,"finish_reason":{}}})",
                     JsonString(text), FinishReason(finish_reason));
}

}  // namespace

std::string ChatCompletion(const ResponseIdentity& identity, std::string_view content,
                           std::string_view finish_reason, const Usage& usage) {
  return fmt::format(
      R"({},"choices":[{{"index":0,"message":{{"role":"assistant","content":{},"refusal":null}},)"
      R"("logprobs":null,"finish_reason":{}}}],"usage":{}}})",
      Head(identity, "chat.completion"), JsonString(content), FinishReason(finish_reason),
      UsageObject(usage));
}

std::string ChatRoleChunk(const ResponseIdentity& identity) {
  return ChatChunk(identity, R"({"role":"assistant","content":""})", "");
}

std::string ChatContentChunk(const ResponseIdentity& identity, std::string_view text) {
  return ChatChunk(identity, fmt::format(R"({{"content":{}}})", JsonString(text)), "");
}

std::string ChatFinishChunk(const ResponseIdentity& identity, std::string_view finish_reason) {
  return ChatChunk(identity, "{}", finish_reason);
}

std::string ChatUsageChunk(const ResponseIdentity& identity, const Usage& usage) {
  return UsageChunk(identity, "chat.completion.chunk", usage);
}

std::string TextCompletion(const ResponseIdentity& identity, std::string_view text,
                           std::string_view finish_reason, const Usage& usage) {
  return fmt::format(R"({},"choices":[{}],"usage":{}}})", Head(identity, "text_completion"),
                     TextChoice(text, finish_reason), UsageObject(usage));
}

std::string TextChunk(const ResponseIdentity& identity, std::string_view text,
                      std::string_view finish_reason) {
  return fmt::format(R"({},"choices":[{}]{})", Head(identity, "text_completion"),
                     TextChoice(text, finish_reason), ChunkTail(identity));
}

std::string TextUsageChunk(const ResponseIdentity& identity, const Usage& usage) {
  return UsageChunk(identity, "text_completion", usage);
}

std::string ModelObject(const ModelCard& model) {
  return fmt::format(
      R"({{"id":{},"object":"model","created":{},"owned_by":{}{}}})", JsonString(model.id),
      model.created, JsonString(model.owned_by),
      model.max_model_len > 0 ? fmt::format(R"(,"max_model_len":{})", model.max_model_len) : "");
}

std::string ModelList(std::span<const ModelCard> models) {
  std::string out = R"({"object":"list","data":[)";
  for (size_t index = 0; index < models.size(); ++index) {
    if (index > 0) out += ',';
    out += ModelObject(models[index]);
  }
  return out += "]}";
}

}  // namespace redline::openai
