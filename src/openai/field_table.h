// The fields of a generation request and the domain of each: one table (field_table.cc) for chat
// completions and completions. Every accepted field has a row; rows of features this version does
// not have accept only the value that changes nothing, so no wish is silently dropped. Fields
// without a row are ignored and reported, as vLLM does.
//
// `null` means "not given", as in OpenAI's schema, except for model, messages and prompt.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::openai {

enum class Endpoint { kChatCompletions, kCompletions };

// What both endpoints share. An empty optional: the client did not say; the model's own generation
// defaults apply.
struct GenerationFields {
  std::string model;  // 1 to 256 bytes
  bool stream = false;
  bool include_usage = false;         // stream_options.include_usage; needs `stream`
  std::optional<double> temperature;  // 0..2; 0 is greedy
  std::optional<double> top_p;        // (0, 1]
  std::optional<int64_t> top_k;       // -1 or 0: off; at most 2^31 - 1
  std::optional<double> min_p;        // 0..1
  std::optional<int64_t> seed;        // any 64-bit integer
  std::vector<std::string> stop;      // at most 4, each 1 to 1024 bytes
  // 1 to 2^31 - 1: max_completion_tokens where given, else max_tokens.
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> max_completion_tokens;  // merged into max_tokens after reading
  bool ignore_eos = false;
  std::string user;                         // at most 512 bytes; has no effect on the answer
  std::vector<std::string> unknown_fields;  // names of ignored fields, for a metric
};

// Reads every field of `body` (an object) but messages and prompt. The first violation is
// kInvalidArgument naming its `param`.
Result<GenerationFields> ReadFields(const nlohmann::json& body, Endpoint endpoint);

// The table as documentation: name, what is accepted, endpoints.
struct FieldDescription {
  std::string name;
  std::string accepts;
  bool in_chat = false;
  bool in_completions = false;
};
std::vector<FieldDescription> DescribeFields();

}  // namespace redline::openai
