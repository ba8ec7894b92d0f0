// For tests: tokenizers small enough to read, and the golden files of ../shared/data/tokenizer.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace redline::text {

// Where scripts/fetch_test_data.sh puts published tokenizers; and where golden files are. Relative
// to the source root, in which tests run.
inline constexpr std::string_view kTestDataDir = "build/test-data";
inline constexpr std::string_view kGoldenDir = "../shared/data/tokenizer";

// Lines of {"text", "ids"} and, where there, {"decoded"}: encodes, decodes, and streams each one.
void ExpectGolden(const Tokenizer& tokenizer, const std::filesystem::path& jsonl);

// llama.cpp's pair of NAME.inp and NAME.out; `base` is the path without these endings.
void ExpectLlamaCppGolden(const Tokenizer& tokenizer, const std::filesystem::path& base);

// The pieces of a byte-level tokenizer.json as a GGUF header would carry them.
GgufVocabulary VocabularyFromTokenizerJson(const std::filesystem::path& tokenizer_json,
                                           std::string_view pre);

// A byte-level BPE tokenizer.json: 256 bytes (ids 0-255 by value), then "he", "ll", "hell", "hello"
// (256-259), then the added tokens <|end|> (260, special) and <think> (261, not special).
std::string TinyTokenizerJson();

}  // namespace redline::text
