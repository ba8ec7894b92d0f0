// The fields of a request and the domain of each: one table (field_table.cc) that validates, that
// docs/api.md lists and that the OpenAPI document is made of. Every accepted field has a row; rows
// of features this version does not have accept only the value that changes nothing, so no wish is
// silently dropped. Fields without a row are ignored and reported, as vLLM does.
//
// `null` means "not given", as in OpenAI's schema, except for model, messages, prompt and tokens.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "openai/generation_fields.h"

namespace redline::openai {

enum class Endpoint { kChatCompletions, kCompletions, kTokenize, kDetokenize };

// Reads every field of `body`, the parsed form of `text` (an object), but messages, prompt and
// tokens. The first violation is kInvalidArgument naming its `param`.
Result<GenerationFields> ReadFields(const nlohmann::json& body, std::string_view text,
                                    Endpoint endpoint);

// The table as documentation: name, what is accepted, where.
struct FieldDescription {
  std::string name;
  std::string accepts;
  std::vector<Endpoint> endpoints;
};
std::vector<FieldDescription> DescribeFields();

// The JSON schema of a request: of each field by itself, not of what two must not be together.
nlohmann::json RequestSchema(Endpoint endpoint);

}  // namespace redline::openai
