#include "text/gguf_json.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "text/gguf_token_type.h"
#include "text/pre_tokenizers.h"

namespace redline::text {
namespace {

using nlohmann::json;

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

}  // namespace

json AddedTokensJson(const GgufVocabulary& vocabulary, bool unknown_is_special) {
  json added = json::array();
  for (size_t id = 0; id < vocabulary.token_types.size(); ++id) {
    const int32_t type = vocabulary.token_types[id];
    const bool special = type == kControl || (type == kUnknown && unknown_is_special);
    if (!special && type != kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", vocabulary.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", special}});
  }
  return added;
}

bool AddsBosByHabit(const GgufVocabulary& vocabulary) {
  const PreTokenizer* pre_tokenizer = FindPreTokenizer(vocabulary.pre);
  return vocabulary.add_bos_token.value_or(pre_tokenizer != nullptr && pre_tokenizer->adds_bos);
}

Result<json> ByteLevelJson(const GgufVocabulary& vocabulary) {
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
      {"added_tokens", AddedTokensJson(vocabulary, false)},
      {"pre_tokenizer", PreTokenizerSteps(*pre_tokenizer)},
      {"decoder", ByteLevelStep()},
      {"model",
       {{"type", "BPE"},
        {"ignore_merges", pre_tokenizer->ignores_merges},
        {"vocab", std::move(ids)},
        {"merges", std::move(merges)}}},
  };
  if (pre_tokenizer->normalizes_nfc) root["normalizer"] = {{"type", "NFC"}};
  return root;
}

}  // namespace redline::text
