// From a validated request to the engine's: text to token ids, limits, sampling parameters. Pure
// functions of the request and the model; slow for long prompts, so not for an I/O thread.
#pragma once

#include <string_view>
#include <variant>

#include "engine/api/generation.h"
#include "engine/api/loaded_model.h"
#include "net/http.h"
#include "openai/chat_request.h"
#include "openai/completion_request.h"

namespace redline::engine {

// A request, or the answer that refuses it.
using PreparedRequest = std::variant<GenerationRequest, net::HttpResponse>;

// What the endpoints serve: the name requests must give, and the model behind it.
struct Served {
  std::string name;
  const LoadedModel* model = nullptr;
};

// Chat prompts are rendered by the model's template, in which special tokens are tokens. A request
// that does not say max_tokens gets what the context leaves.
PreparedRequest PrepareChat(std::string_view body, const Served& served);
// Text prompts start with BOS where the model's tokenizer says so. A request that does not say
// max_tokens gets 16, as in OpenAI's API. Without a tokenizer only token ids are taken, no stop
// strings.
PreparedRequest PrepareCompletion(std::string_view body, const Served& served);

// The response to a Status, with Retry-After where trying again helps.
net::HttpResponse RefusalOf(const Status& status);

}  // namespace redline::engine
