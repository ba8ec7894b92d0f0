// A GGUF vocabulary as a Tokenizer: byte-level BPE becomes a tokenizer.json in memory, so that one
// implementation makes all ids; the "llama" model has its own algorithm (spm_tokenizer.h).
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "text/gguf_token_type.h"
#include "text/hf_tokenizer.h"
#include "text/pre_tokenizers.h"
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

json AddedTokens(const GgufVocabulary& vocabulary) {
  json added = json::array();
  for (size_t id = 0; id < vocabulary.token_types.size(); ++id) {
    const int32_t type = vocabulary.token_types[id];
    if (type != kControl && type != kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", vocabulary.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", type == kControl}});
  }
  return added;
}

json ByteLevelStep() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", false}};
}

json PreTokenizerSteps(const PreTokenizer& pre_tokenizer) {
  json steps = json::array();
  for (const std::string_view regex : pre_tokenizer.regexes) {
    steps.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", regex}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  }
  steps.push_back(ByteLevelStep());
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

Result<json> Merges(const GgufVocabulary& vocabulary) {
  json merges = json::array();
  for (const std::string& merge : vocabulary.merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos || !IsValidUtf8(merge)) {
      return DataLoss("an entry of tokenizer.ggml.merges is not \"left right\"");
    }
    merges.push_back({merge.substr(0, space), merge.substr(space + 1)});
  }
  return merges;
}

Result<std::unique_ptr<Tokenizer>> MakeByteLevelBpe(const GgufVocabulary& vocabulary) {
  const PreTokenizer* pre_tokenizer = FindPreTokenizer(vocabulary.pre);
  if (pre_tokenizer == nullptr) {
    return Unimplemented("tokenizer.ggml.pre \"" + EscapeControl(vocabulary.pre) +
                         "\" is not supported");
  }
  RL_ASSIGN_OR_RETURN(json merges, Merges(vocabulary));
  json ids = json::object();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) ids[vocabulary.tokens[id]] = id;
  json root = {
      {"version", "1.0"},
      {"added_tokens", AddedTokens(vocabulary)},
      {"pre_tokenizer", PreTokenizerSteps(*pre_tokenizer)},
      {"decoder", ByteLevelStep()},
      {"model",
       {{"type", "BPE"},
        {"ignore_merges", pre_tokenizer->ignores_merges},
        {"vocab", std::move(ids)},
        {"merges", std::move(merges)}}},
  };
  if (pre_tokenizer->normalizes_nfc) root["normalizer"] = {{"type", "NFC"}};
  const TokenizerOptions options{vocabulary.bos_token_id, vocabulary.eos_token_id,
                                 vocabulary.add_bos_token.value_or(pre_tokenizer->adds_bos)};
  return MakeHfTokenizer(root.dump(), options);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeGgufTokenizer(const GgufVocabulary& vocabulary) {
  RL_RETURN_IF_ERROR(Validate(vocabulary));
  if (vocabulary.model == "gpt2") return MakeByteLevelBpe(vocabulary);
  if (vocabulary.model == "llama") return MakeSpmTokenizer(vocabulary);
  return Unimplemented("tokenizer.ggml.model \"" + EscapeControl(vocabulary.model) +
                       "\" is not supported");
}

}  // namespace redline::text
