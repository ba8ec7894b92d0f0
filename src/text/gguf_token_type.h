#pragma once

#include <cstdint>

namespace redline::text {

// The values of GGUF's `tokenizer.ggml.token_type`, as SentencePiece numbers them.
enum TokenType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6 };

}  // namespace redline::text
