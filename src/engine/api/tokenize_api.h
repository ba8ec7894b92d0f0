// POST /tokenize and /detokenize, as vLLM has them. Pure functions of the body and the model; slow
// for long texts, so not for an I/O thread.
#pragma once

#include <string_view>

#include "engine/api/prompt.h"

namespace redline::engine {

net::HttpResponse AnswerTokenize(std::string_view body, const Served& served);
net::HttpResponse AnswerDetokenize(std::string_view body, const Served& served);

}  // namespace redline::engine
