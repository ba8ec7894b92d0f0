// A GGUF byte-level BPE vocabulary as a tokenizer.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer.h"

namespace redline::text {

// The tree of a tokenizer.json, without a post-processor. `vocabulary` has passed the checks of
// MakeGgufTokenizer. kUnimplemented naming an unknown pre-tokenizer, kDataLoss for a damaged merge.
Result<nlohmann::json> ByteLevelJson(const GgufVocabulary& vocabulary);

// "added_tokens" of any model: control tokens, and those that users defined. With
// `unknown_is_special` the unknown token, too, as SentencePiece models have it.
nlohmann::json AddedTokensJson(const GgufVocabulary& vocabulary, bool unknown_is_special);

// What the header says, else what models with this pre-tokenizer do.
bool AddsBosByHabit(const GgufVocabulary& vocabulary);

}  // namespace redline::text
