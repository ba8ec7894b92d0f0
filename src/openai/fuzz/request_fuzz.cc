// libFuzzer entry: any bytes as a request of each endpoint.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "net/json_body.h"
#include "openai/chat_request.h"
#include "openai/completion_request.h"
#include "openai/tokenize_request.h"

namespace {

using namespace redline;

void Check(bool holds) {
  if (!holds) abort();
}

// Whatever was accepted can be given to a template and to a grammar compiler.
void CheckFields(const openai::GenerationFields& fields) {
  for (const openai::Tool& tool : fields.tools) {
    Check(net::ParseJsonObject(tool.json).ok());
    Check(net::ParseJsonObject(tool.parameters_json).ok());
  }
  for (const auto& [name, json] : fields.template_variables) Check(net::ParseJson(json).ok());
  if (fields.structured.kind == openai::StructuredOutput::Kind::kJsonSchema)
    Check(net::ParseJsonObject(fields.structured.source).ok());
}

void CheckStatus(const Status& status) { Check(status.message().size() < 1000); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto chat = openai::ParseChatRequest(bytes);
  CheckStatus(chat.status());
  if (chat.ok()) {
    Check(net::ParseJson(openai::MessagesJson(chat->messages)).ok());
    CheckFields(chat->fields);
  }
  const auto completion = openai::ParseCompletionRequest(bytes);
  CheckStatus(completion.status());
  if (completion.ok()) {
    Check(!completion->prompts.empty() && completion->prompts.size() <= 128);
    CheckFields(completion->fields);
  }
  const auto tokenize = openai::ParseTokenizeRequest(bytes);
  CheckStatus(tokenize.status());
  if (tokenize.ok()) CheckFields(tokenize->fields);
  CheckStatus(openai::ParseDetokenizeRequest(bytes).status());
  return 0;
}
