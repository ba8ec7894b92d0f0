#include "openai/chat_request.h"

#include <nlohmann/json.hpp>

#include "net/json_body.h"

namespace redline::openai {

Result<ChatRequest> ParseChatRequest(std::string_view body) {
  RL_ASSIGN_OR_RETURN(const nlohmann::json json, net::ParseJsonObject(body));
  ChatRequest request;
  RL_ASSIGN_OR_RETURN(request.fields, ReadFields(json, body, Endpoint::kChatCompletions));
  RL_ASSIGN_OR_RETURN(request.messages, ReadMessages(json));
  return request;
}

}  // namespace redline::openai
