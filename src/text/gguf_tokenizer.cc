// A GGUF vocabulary as a Tokenizer: byte-level BPE becomes a tokenizer.json in memory, so that one
// implementation makes all ids; the "llama" model has its own algorithm (spm_tokenizer.h).
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "text/gguf_json.h"
#include "text/hf_tokenizer.h"
#include "text/spm_json.h"
#include "text/spm_tokenizer.h"

namespace redline::text {
namespace {

using nlohmann::json;

constexpr size_t kMaxTokens = size_t{1} << 22;

Status Validate(const GgufVocabulary& vocabulary) {
  const size_t size = vocabulary.tokens.size();
  if (size == 0 || size > kMaxTokens) {
    return DataLoss("vocabulary has " + std::to_string(size) + " tokens; expected 1 to " +
                    std::to_string(kMaxTokens));
  }
  const auto fits = [size](size_t count) { return count == 0 || count == size; };
  if (!fits(vocabulary.token_types.size()) || !fits(vocabulary.scores.size())) {
    return DataLoss("tokenizer.ggml.token_type and .scores must be as long as .tokens");
  }
  for (const std::optional<TokenId>& id : {vocabulary.bos_token_id, vocabulary.eos_token_id}) {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= size)) {
      return DataLoss("token id " + std::to_string(*id) + " is not in the vocabulary");
    }
  }
  for (const std::string& token : vocabulary.tokens) {
    if (!IsValidUtf8(token)) return DataLoss("a token in tokenizer.ggml.tokens is not UTF-8");
  }
  return OkStatus();
}

Result<std::unique_ptr<Tokenizer>> MakeByteLevelBpe(const GgufVocabulary& vocabulary) {
  RL_ASSIGN_OR_RETURN(const json root, ByteLevelJson(vocabulary));
  return MakeHfTokenizer(
      root.dump(), {vocabulary.bos_token_id, vocabulary.eos_token_id, AddsBosByHabit(vocabulary)});
}

// Puts BOS in front of a text, and of each of a pair.
json BosProcessor(const std::string& bos, TokenId id) {
  const auto token = [&](int type) {
    return json{{"SpecialToken", {{"id", bos}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* name, int type) {
    return json{{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {token(0), sequence("A", 0)}},
          {"pair", {token(0), sequence("A", 0), token(1), sequence("B", 1)}},
          {"special_tokens", {{bos, {{"id", bos}, {"ids", {id}}, {"tokens", {bos}}}}}}};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeGgufTokenizer(const GgufVocabulary& vocabulary) {
  RL_RETURN_IF_ERROR(Validate(vocabulary));
  if (vocabulary.model == "gpt2") return MakeByteLevelBpe(vocabulary);
  if (vocabulary.model == "llama") return MakeSpmTokenizer(vocabulary);
  return Unimplemented("tokenizer.ggml.model \"" + EscapeControl(vocabulary.model) +
                       "\" is not supported");
}

Result<std::string> GgufTokenizerJson(const GgufVocabulary& vocabulary) {
  RL_ASSIGN_OR_RETURN(const auto tokenizer, MakeGgufTokenizer(vocabulary));
  const bool is_byte_level = vocabulary.model == "gpt2";
  RL_ASSIGN_OR_RETURN(json root,
                      is_byte_level ? ByteLevelJson(vocabulary) : SpmJson(vocabulary, *tokenizer));
  const std::optional<TokenId> bos = tokenizer->BosId();
  if (tokenizer->AddsBos() && bos)
    root["post_processor"] = BosProcessor(vocabulary.tokens[static_cast<size_t>(*bos)], *bos);
  return root.dump();
}

}  // namespace redline::text
