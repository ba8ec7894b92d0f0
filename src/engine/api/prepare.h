// From the body of a request to what the engine is to do, or the answer that refuses it. Slow for
// long prompts, so not for an I/O thread.
#pragma once

#include <string_view>

#include "engine/api/answer_request.h"
#include "engine/api/prompt.h"

namespace redline::engine {

using PreparedAnswer = OrRefusal<AnswerRequest>;

// Chat prompts are rendered by the model's template, in which special tokens are tokens. A request
// that does not say max_tokens gets what the context leaves.
PreparedAnswer PrepareChat(std::string_view body, const Served& served);
// Text prompts start with BOS where the model's tokenizer says so. A request that does not say
// max_tokens gets 16, as in OpenAI's API. Without a tokenizer only token ids are taken, no stop
// strings.
PreparedAnswer PrepareCompletion(std::string_view body, const Served& served);

}  // namespace redline::engine
