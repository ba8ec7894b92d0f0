// How each endpoint writes an answer. Pure functions over openai/response.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/tensor.h"
#include "openai/response.h"

namespace redline::engine {

struct AnswerFormat {
  // The whole answer of a request that does not stream.
  std::string (*whole)(const openai::ResponseIdentity&, std::string_view text,
                       std::string_view finish_reason, const openai::Usage&);
  // Chunks of a stream, in this order. `first` may be null.
  std::string (*first)(const openai::ResponseIdentity&);
  std::string (*piece)(const openai::ResponseIdentity&, std::string_view text);
  std::string (*last)(const openai::ResponseIdentity&, std::string_view finish_reason);
  std::string (*usage)(const openai::ResponseIdentity&, const openai::Usage&);
};

const AnswerFormat& ChatFormat();
const AnswerFormat& CompletionFormat();

// An answer or chunk of CompletionFormat with `token_ids` added to its choice: what a model without
// a tokenizer has to say (its `text` is "").
std::string WithTokenIds(const std::string& json, std::span<const TokenId> token_ids);

}  // namespace redline::engine
