// Keyed hashes of the pages that a sequence begins with. Not for secrets: they only find things
// that are compared, or that may be wrong.
#pragma once

#include <cstdint>
#include <span>

#include "engine/tensor.h"

namespace redline::engine {

// A key drawn anew, so that nobody can aim at a bucket.
uint64_t DrawHashKey();
uint64_t MixHash(uint64_t hash, uint64_t value);
// The hash of a page behind what has `hash`.
uint64_t HashPage(uint64_t hash, std::span<const TokenId> page_tokens);

}  // namespace redline::engine
