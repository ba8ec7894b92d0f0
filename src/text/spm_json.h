// A GGUF "llama" vocabulary (SentencePiece BPE) as a tokenizer.json.
//
// The merges are those that transformers derives from a SentencePiece model (generate_merges in
// convert_slow_tokenizer.py): every way to split a token into two tokens, ordered by the score.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer.h"

namespace redline::text {

// The tree of a tokenizer.json, without a post-processor. `tokenizer` is the vocabulary's own, with
// which the result is compared: kUnimplemented with the text on which they differ.
Result<nlohmann::json> SpmJson(const GgufVocabulary& vocabulary, const Tokenizer& tokenizer);

}  // namespace redline::text
