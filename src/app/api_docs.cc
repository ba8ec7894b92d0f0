#include "app/api_docs.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "openai/field_table.h"

namespace redline::app {
namespace {

constexpr char kIntroduction[] = R"(# The API

The gateway serves OpenAI's API on its one port (8080 unless told): every request but `/health` needs
`Authorization: Bearer KEY`. An engine started by `redline serve` serves the same paths, with a key
only if `--api-key` was given.

| method and path | what |
|---|---|
| `POST /v1/chat/completions` | chat; with `stream`, server-sent events that end with `data: [DONE]` |
| `POST /v1/completions` | completion of `prompt`: a string or an array of token ids |
| `GET /v1/models`, `/v1/models/{name}` | what is served |
| `GET /health` | 200 when ready (an engine that loads answers 503 with its progress) |
| `GET /metrics` | Prometheus text |
| `GET /server_info` | of an engine only, not of the gateway: requested and resolved options, instruction set, memory |

Errors are `{"error": {"message", "type", "param", "code"}}`. A model that has no running engine answers
503 with `Retry-After` and code `engine_unavailable`; a stream that is cut ends with an event that
holds such an error and without `[DONE]`.

A model without a tokenizer takes and gives token ids: text endpoints answer 400, and a completion has
`token_ids` in place of text.

## Fields

Made from the table that validates (`src/openai/field_table.cc`). A value outside its domain is a 400
that names the field in `param`. `null` means not given. Fields that are not here are ignored and
counted in the engine's `/metrics`. Unless a request says otherwise, the temperature is 1.

| field | accepts | where |
|---|---|---|
)";

std::string_view NameOf(openai::Endpoint endpoint) {
  switch (endpoint) {
    case openai::Endpoint::kChatCompletions:
      return "chat";
    case openai::Endpoint::kCompletions:
      return "completions";
    case openai::Endpoint::kTokenize:
      return "tokenize";
    case openai::Endpoint::kDetokenize:
      break;
  }
  return "detokenize";
}

std::string FieldRow(const openai::FieldDescription& field) {
  std::vector<std::string> endpoints;
  for (const openai::Endpoint endpoint : field.endpoints) endpoints.emplace_back(NameOf(endpoint));
  return fmt::format("| `{}` | {} | {} |\n", field.name, field.accepts, Join(endpoints, ", "));
}

}  // namespace

std::string ApiMarkdown() {
  std::string text = kIntroduction;
  for (const openai::FieldDescription& field : openai::DescribeFields()) text += FieldRow(field);
  return text;
}

}  // namespace redline::app
