// Answers of the OpenAI API as JSON text. Every string is valid JSON whatever bytes go in; no
// number can be NaN, as all are integers. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace redline::openai {

// What all chunks of an answer repeat.
struct ResponseIdentity {
  std::string id;       // "chatcmpl-..." or "cmpl-..." (base/ids.h)
  int64_t created = 0;  // Unix seconds
  std::string model;    // as the client named it
  // The stream ends with a usage chunk: all chunks before it carry "usage": null.
  bool include_usage = false;
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, from a prefix cache
};

// `finish_reason` below: "stop" or "length"; "" writes null.

// A whole answer: object "chat.completion".
std::string ChatCompletion(const ResponseIdentity& identity, std::string_view content,
                           std::string_view finish_reason, const Usage& usage);
// Objects "chat.completion.chunk", in the order a stream sends them: one role chunk, content
// chunks, one finish chunk, and a usage chunk (empty `choices`) when asked for.
std::string ChatRoleChunk(const ResponseIdentity& identity);
std::string ChatContentChunk(const ResponseIdentity& identity, std::string_view text);
std::string ChatFinishChunk(const ResponseIdentity& identity, std::string_view finish_reason);
std::string ChatUsageChunk(const ResponseIdentity& identity, const Usage& usage);

// Object "text_completion"; a stream sends chunks of the same object.
std::string TextCompletion(const ResponseIdentity& identity, std::string_view text,
                           std::string_view finish_reason, const Usage& usage);
std::string TextChunk(const ResponseIdentity& identity, std::string_view text,
                      std::string_view finish_reason);
std::string TextUsageChunk(const ResponseIdentity& identity, const Usage& usage);

// What ends every complete stream, ready to send: "data: [DONE]\n\n".
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

struct ModelCard {
  std::string id;
  int64_t created = 0;
  std::string owned_by = "redline";
  int64_t max_model_len = 0;  // context length, as vLLM reports it; 0: left out
};
std::string ModelObject(const ModelCard& model);
std::string ModelList(std::span<const ModelCard> models);

}  // namespace redline::openai
