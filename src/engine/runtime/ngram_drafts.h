// Drafts of a sequence's next tokens, looked up in its own: what followed when it last ended like
// this. Source: prompt lookup decoding (A. Saxena, 2023); SGLang's NGRAM, vLLM's "ngram".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor.h"

namespace redline::engine {

// At most `max_drafts` tokens that may follow `tokens`: those after the latest occurrence of its
// last 4 tokens, or of the most of them, at least 2, that occur before. What repeats to the very
// end is taken to go on. Empty when there is none. Looks at the last 16,384 tokens only, once.
std::vector<TokenId> NgramDrafts(std::span<const TokenId> tokens, int64_t max_drafts);

}  // namespace redline::engine
