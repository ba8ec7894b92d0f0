// Answers of the OpenAI API as JSON text. Every string is valid JSON whatever bytes go in; a
// log-prob that JSON has no number for is -9999.0, as in vLLM. Pure functions.
//
// One struct, Choice, tells a whole choice or what a chunk adds to it: the pieces of a stream
// concatenate to the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redline::openai {

enum class AnswerKind { kChat, kCompletion };

// What all chunks of an answer repeat.
struct ResponseIdentity {
  AnswerKind kind = AnswerKind::kChat;
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

// A token as log-probs name it.
struct LoggedToken {
  std::string token;              // its text, or "token_id:42"
  std::string bytes;              // what it stands for: maybe a part of a UTF-8 sequence
  std::optional<double> logprob;  // absent: the first token of an echoed prompt
};
struct TokenLogprobs {
  LoggedToken chosen;
  std::vector<LoggedToken> top;  // the best in its place, best first
  int64_t text_offset = 0;       // code points of the choice's text before it
};

// vLLM's prompt_logprobs: for each token of the prompt itself and the best in its place; nothing
// for the first.
struct PromptToken {
  int32_t id = 0;
  std::string text;
  double logprob = 0;
  int64_t rank = 0;  // from 1; 0: not known
};
using PromptLogprobs = std::vector<std::vector<PromptToken>>;

// A call, or the next piece of one: `id` and `name` come with its first piece.
struct ToolCall {
  int64_t index = 0;
  std::string id;
  std::string name;
  std::string arguments;
};

struct Choice {
  int64_t index = 0;
  bool first = false;                // of a chat stream's chunks of this choice: tells the role
  std::string content;               // a completion's text
  std::string reasoning;             // chat
  std::vector<ToolCall> tool_calls;  // chat
  std::optional<std::vector<TokenLogprobs>> logprobs;
  std::optional<std::vector<int32_t>> token_ids;
  std::optional<std::vector<int32_t>> prompt_token_ids;
  std::optional<PromptLogprobs> prompt_logprobs;
  std::string finish_reason;  // "stop", "length", "tool_calls"; "": goes on
  // vLLM's: the stop string or stop token that ended it.
  std::variant<std::monostate, std::string, int32_t> stop_reason;
};

// A whole answer: "chat.completion" or "text_completion". What belongs to the prompt is taken from
// the first choice where the form has one place for it (chat).
std::string Answer(const ResponseIdentity& identity, std::span<const Choice> choices,
                   const Usage& usage);
// One chunk of a stream. `usage`: of the answer so far, for clients that want it in every chunk.
std::string Chunk(const ResponseIdentity& identity, const Choice& choice,
                  const std::optional<Usage>& usage = std::nullopt);
// The last chunk where include_usage was asked for: no choices.
std::string UsageChunk(const ResponseIdentity& identity, const Usage& usage);

// What ends every complete stream, ready to send: "data: [DONE]\n\n".
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

struct ModelCard {
  std::string id;
  int64_t created = 0;
  std::string owned_by = "redline";
  int64_t max_model_len = 0;  // context length, as vLLM reports it; 0: left out
  bool is_virtual = false;    // a simulated engine; told only when it is one
};
std::string ModelObject(const ModelCard& model);
std::string ModelList(std::span<const ModelCard> models);

// Answers of /tokenize and /detokenize, as vLLM's.
struct Tokenization {
  std::vector<int32_t> tokens;
  int64_t max_model_len = 0;
  std::optional<std::vector<std::string>> token_strs;
};
std::string TokenizeAnswer(const Tokenization& tokenization);
std::string DetokenizeAnswer(std::string_view prompt);

}  // namespace redline::openai
