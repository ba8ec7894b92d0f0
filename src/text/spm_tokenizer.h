// The "llama" model of GGUF: SentencePiece BPE, which merges the neighbours whose union has the
// highest score, and spells what is left as bytes.
//
// Behaviour follows llama.cpp: spaces become U+2581, and each stretch of plain text at the start or
// after a control token gets one in front (unless add_space_prefix is false).
#pragma once

#include <memory>

#include "text/tokenizer.h"

namespace redline::text {

// `vocabulary` has passed the checks of MakeGgufTokenizer. kDataLoss without scores.
Result<std::unique_ptr<Tokenizer>> MakeSpmTokenizer(const GgufVocabulary& vocabulary);

}  // namespace redline::text
