// Errors of the OpenAI API: {"error": {"message", "type", "param", "code"}}.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http.h"

namespace redline::openai {

// Codes clients act on, beside the names of base/status.h.
inline constexpr std::string_view kModelNotFound = "model_not_found";
inline constexpr std::string_view kContextLengthExceeded = "context_length_exceeded";
inline constexpr std::string_view kEngineUnavailable = "engine_unavailable";
inline constexpr std::string_view kSchemaTooComplex = "schema_too_complex";
inline constexpr std::string_view kUnsupportedMediaType = "unsupported_media_type";

// 400 context_length_exceeded, with both numbers in its message and as fields of the error object.
// `param` is the field that holds the prompt.
net::HttpResponse ContextLengthError(std::string_view param, int64_t num_prompt_tokens,
                                     int64_t context_length);
// 404 model_not_found, saying which models are served.
net::HttpResponse ModelNotFoundError(std::string_view model, std::string_view served);
// 503 engine_unavailable with Retry-After.
net::HttpResponse EngineUnavailableError(std::string_view message, int retry_after_seconds);

// An error inside a stream that has begun, as an SSE frame. The connection is then cut, without
// [DONE], so that no client takes the answer for complete.
std::string ErrorEvent(const Status& status, std::string_view code = {});

}  // namespace redline::openai
