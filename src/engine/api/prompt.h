// From texts and messages to token ids, within the limits of the model. Pure functions of the
// request and the model; slow for long prompts, so not for an I/O thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/api/loaded_model.h"
#include "net/http.h"
#include "openai/chat_message.h"
#include "openai/generation_fields.h"

namespace redline::engine {

// What the endpoints serve: the name requests must give, and the model behind it.
struct Served {
  std::string name;
  const LoadedModel* model = nullptr;
};

// A value, or the answer that refuses the request.
template <typename T>
using OrRefusal = std::variant<T, net::HttpResponse>;

int64_t ContextLength(const LoadedModel& model);

enum class AddBos { kNo, kYes };
// Special tokens in the text are tokens. Text that cannot fit the context is refused before any of
// it is tokenised; `param` is the field it came from.
OrRefusal<std::vector<TokenId>> Tokenize(std::string_view text, AddBos add_bos,
                                         std::string_view param, const LoadedModel& model);

// Where a rendered prompt leaves a model that reasons in front of its answer.
enum class ReasoningState {
  kBefore,  // it may begin to
  kInside,  // the prompt ends with <think>
  kBehind,  // the prompt ends with </think>
};
ReasoningState ReasoningStateOf(std::string_view prompt);

// Messages to text by the model's chat template. Refused: the model has none, what cannot fit, what
// the template says about the messages, its limits.
OrRefusal<std::string> RenderChat(const std::vector<openai::ChatMessage>& messages,
                                  const openai::GenerationFields& fields, const Served& served);

}  // namespace redline::engine
