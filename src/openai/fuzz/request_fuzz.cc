// libFuzzer entry: any bytes as a chat or completion request.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "net/json_body.h"
#include "openai/chat_request.h"
#include "openai/completion_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto chat = openai::ParseChatRequest(bytes);
  // Whatever was accepted can be given to a template.
  if (chat.ok() && !net::ParseJson(openai::MessagesJson(chat->messages)).ok()) abort();
  const auto completion = openai::ParseCompletionRequest(bytes);
  if (!completion.ok() && completion.status().message().size() > 1000) abort();
  return 0;
}
