// Tokenizers: text to token ids and back.
//
// Source of behaviour: Hugging Face `tokenizers` (through text/bridge), so a tokenizer.json gives
// exactly the ids the `tokenizers` package gives. A GGUF vocabulary (byte-level BPE, the
// pre-tokenizer named by `tokenizer.ggml.pre`) is turned into the same object.
// A Tokenizer is immutable and may be used from any thread at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::text {

using TokenId = int32_t;

// The vocabulary part of a GGUF header, as read by engine/weights (this room never opens a GGUF).
struct GgufVocabulary {
  std::string model;                    // tokenizer.ggml.model, e.g. "gpt2", "llama"
  std::string pre;                      // tokenizer.ggml.pre, e.g. "smollm", "qwen2"
  std::vector<std::string> tokens;      // tokenizer.ggml.tokens, index = token id
  std::vector<float> scores;            // tokenizer.ggml.scores; may be empty
  std::vector<int32_t> token_types;     // tokenizer.ggml.token_type (1 normal, 3 control, 6 byte..)
  std::vector<std::string> merges;      // tokenizer.ggml.merges, "left right"
  std::optional<TokenId> bos_token_id;  // tokenizer.ggml.bos_token_id
  std::optional<TokenId> eos_token_id;  // tokenizer.ggml.eos_token_id
  std::optional<TokenId> pad_token_id;  // tokenizer.ggml.padding_token_id
  std::optional<bool> add_bos_token;    // tokenizer.ggml.add_bos_token; absent: the model's habit
  bool add_space_prefix = true;         // tokenizer.ggml.add_space_prefix ("llama" model only)
};

enum class SpecialTokens {
  kParse,  // text such as "<|im_end|>" becomes that special token (templates)
  // Control tokens in the text are encoded as ordinary characters: those flagged special, and those
  // spelt <...> or [...] (DeepSeek's role markers are not flagged). For text of unknown origin.
  kAsText,
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Errors: kInvalidArgument for invalid UTF-8. Never adds BOS by itself: see AddsBos().
  virtual Result<std::vector<TokenId>> Encode(std::string_view utf8,
                                              SpecialTokens special) const = 0;
  // The whole text; incomplete UTF-8 at the ends becomes U+FFFD. Unknown ids: kInvalidArgument.
  virtual Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const = 0;
  // The raw bytes one token stands for, which may be part of a UTF-8 sequence. Special tokens give
  // their text. Unknown ids give "".
  virtual std::string TokenBytes(TokenId id) const = 0;
  virtual bool IsSpecial(TokenId id) const = 0;
  // The highest id plus one. Ids in between may be unused; a model's logits may be wider.
  virtual int64_t VocabSize() const = 0;
  virtual std::optional<TokenId> TokenToId(std::string_view token) const = 0;
  // Whether a plain-text prompt starts with BOS (tokenizer_config / post-processor / GGUF flag).
  virtual bool AddsBos() const = 0;
  virtual std::optional<TokenId> BosId() const = 0;
  // The end-of-text token that tokenizer_config.json or the GGUF header names. A model may stop at
  // others as well (generation_config.json).
  virtual std::optional<TokenId> EosId() const { return std::nullopt; }
};

// From a Hugging Face model directory's tokenizer.json (tokenizer_config.json beside it, when
// there, names BOS/EOS). kDataLoss when the file is damaged, kNotFound when absent.
Result<std::unique_ptr<Tokenizer>> LoadHfTokenizer(const std::filesystem::path& tokenizer_json);
// Supported: model "gpt2" with pre "default", "gpt-2", "smollm", "qwen2", "llama-bpe" (and
// aliases), "deepseek-llm", "deepseek-coder", "deepseek-v3"; model "llama" (SentencePiece-style BPE
// by score). Anything else: kUnimplemented naming the value.
Result<std::unique_ptr<Tokenizer>> MakeGgufTokenizer(const GgufVocabulary& vocabulary);
// The text of a tokenizer.json that gives the ids of MakeGgufTokenizer, BOS by its post-processor
// included, in any program over Hugging Face `tokenizers`. kUnimplemented also for a "llama"
// vocabulary that merge rules do not reproduce: compared on every token and on texts of many kinds.
Result<std::string> GgufTokenizerJson(const GgufVocabulary& vocabulary);

// Turns a growing sequence of tokens into text pieces that never split a UTF-8 sequence and never
// take text back. One per request; not thread-safe.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer* tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}
  // The text that this token completes (may be empty).
  std::string Push(TokenId id);
  // What is left at the end; incomplete bytes become U+FFFD.
  std::string Finish();
  // Whether the last token ended within a UTF-8 sequence.
  bool incomplete() const { return !pending_.empty(); }

 private:
  const Tokenizer* tokenizer_;  // outlives this
  bool skip_special_;
  std::string pending_;  // bytes of an incomplete UTF-8 sequence
};

}  // namespace redline::text
