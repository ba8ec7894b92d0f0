#include "openai/error.h"

#include <fmt/format.h>

#include "net/json_body.h"
#include "net/sse.h"

namespace redline::openai {

net::HttpResponse ContextLengthError(std::string_view param, int64_t num_prompt_tokens,
                                     int64_t context_length) {
  const std::string message = fmt::format(
      "the prompt has {} tokens; with room for one more, the model's context of {} "
      "tokens is exceeded: shorten the prompt",
      num_prompt_tokens, context_length);
  return net::TextResponse(
      400,
      fmt::format(R"({{"error":{{"message":{},"type":"invalid_request_error","param":{},)"
                  R"("code":"{}","n_prompt_tokens":{},"n_ctx":{}}}}})",
                  net::JsonString(message), net::JsonString(param), kContextLengthExceeded,
                  num_prompt_tokens, context_length),
      "application/json");
}

net::HttpResponse ModelNotFoundError(std::string_view model, std::string_view served) {
  return net::ErrorResponse(
      NotFound(
          fmt::format("the model {} is not served here; {}", net::JsonString(model.substr(0, 256)),
                      served.empty() ? std::string("no model is deployed yet")
                                     : fmt::format("served: {}", served)),
          "model"),
      kModelNotFound);
}

net::HttpResponse EngineUnavailableError(std::string_view message, int retry_after_seconds) {
  net::HttpResponse response =
      net::ErrorResponse(Unavailable(std::string(message)), kEngineUnavailable);
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return response;
}

std::string ErrorEvent(const Status& status, std::string_view code) {
  return net::SseEvent(net::ErrorBody(status, code));
}

}  // namespace redline::openai
