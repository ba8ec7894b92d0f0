// How a GGUF vocabulary's `tokenizer.ggml.pre` splits text before byte-pair merging.
#pragma once

#include <span>
#include <string_view>

namespace redline::text {

struct PreTokenizer {
  std::span<const std::string_view> names;    // values of tokenizer.ggml.pre, the usual one first
  std::span<const std::string_view> regexes;  // Oniguruma; each splits what the one before left
  bool normalizes_nfc = false;
  bool ignores_merges = false;  // a piece that is a token stays whole
  bool adds_bos = false;        // when the header does not say
};

// nullptr for an unknown name.
const PreTokenizer* FindPreTokenizer(std::string_view name);

}  // namespace redline::text
