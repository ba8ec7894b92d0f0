#include "text/spm_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>

#include "base/strings.h"
#include "text/gguf_json.h"
#include "text/gguf_token_type.h"
#include "text/hf_tokenizer.h"

namespace redline::text {
namespace {

using nlohmann::json;

constexpr std::string_view kSpmSpace = "\xE2\x96\x81";  // U+2581

// What is likely to tell two tokenizers apart beyond their tokens.
constexpr std::string_view kSpmProbes[] = {
    "",
    " ",
    "  leading and   inner spaces ",
    "line\nbreaks\r\n\n\tand tabs",
    "def f(x):\n    return x ** 2  # 3.14159e-10 != 0x7fff",
    "na\u00efve caf\u00e9, \u6f22\u5b57\u3068\u304b\u306a, "
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439, "
    "\u0639\u0631\u0628\u064a",
    "\U0001F999 emoji \U0001F468\u200D\U0001F469\u200D\U0001F467",
    "control \x01\x7f and \u00a0 no-break",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

struct SpmMerge {
  std::string_view left;
  std::string_view right;
  float score;         // of the token they make
  size_t left_length;  // characters
  size_t right_length;
};

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

using SpmIds = std::unordered_map<std::string_view, size_t>;

// The tokens that merging makes.
SpmIds MergeableIds(const GgufVocabulary& vocabulary) {
  const auto& types = vocabulary.token_types;
  SpmIds ids;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const int32_t type = types.empty() ? static_cast<int32_t>(kNormal) : types[id];
    const bool merges =
        type != kUnknown && type != kControl && type != kUserDefined && type != kByte;
    if (merges) ids[vocabulary.tokens[id]] = id;
  }
  return ids;
}

// Every way to make `token` of two tokens, by their ids.
void AddSplits(std::string_view token, float score, const SpmIds& ids,
               std::vector<SpmMerge>& merges) {
  const size_t first = merges.size();
  for (size_t at = 1; at < token.size(); ++at) {
    if (!StartsCharacter(token[at])) continue;
    const std::string_view left = token.substr(0, at), right = token.substr(at);
    if (ids.contains(left) && ids.contains(right))
      merges.push_back({left, right, score, CountCharacters(left), CountCharacters(right)});
  }
  std::sort(merges.begin() + static_cast<std::ptrdiff_t>(first), merges.end(),
            [&](const SpmMerge& a, const SpmMerge& b) {
              return std::pair(ids.at(a.left), ids.at(a.right)) <
                     std::pair(ids.at(b.left), ids.at(b.right));
            });
}

json SpmMerges(const GgufVocabulary& vocabulary) {
  const SpmIds ids = MergeableIds(vocabulary);
  std::vector<SpmMerge> merges;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string_view token = vocabulary.tokens[id];
    const auto entry = ids.find(token);
    if (entry != ids.end() && entry->second == id)
      AddSplits(token, vocabulary.scores[id], ids, merges);
  }
  std::stable_sort(merges.begin(), merges.end(), [](const SpmMerge& a, const SpmMerge& b) {
    return std::tie(a.score, a.left_length, a.right_length) >
           std::tie(b.score, b.left_length, b.right_length);
  });
  json list = json::array();
  for (const SpmMerge& merge : merges)
    list.push_back(json::array({std::string(merge.left), std::string(merge.right)}));
  return list;
}

json ReplaceStep(std::string_view from, std::string_view to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

json SpmNormalizer(bool adds_space) {
  json steps = json::array();
  if (adds_space) steps.push_back({{"type", "Prepend"}, {"prepend", kSpmSpace}});
  steps.push_back(ReplaceStep(" ", kSpmSpace));
  return {{"type", "Sequence"}, {"normalizers", std::move(steps)}};
}

json SpmDecoder(bool adds_space) {
  json steps = {ReplaceStep(kSpmSpace, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (adds_space) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

json SpmModel(const GgufVocabulary& vocabulary) {
  json ids = json::object();
  json unknown;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    ids[vocabulary.tokens[id]] = id;
    if (!vocabulary.token_types.empty() && vocabulary.token_types[id] == kUnknown)
      unknown = vocabulary.tokens[id];
  }
  return {{"type", "BPE"},         {"unk_token", unknown},    {"fuse_unk", true},
          {"byte_fallback", true}, {"vocab", std::move(ids)}, {"merges", SpmMerges(vocabulary)}};
}

Status SameIds(std::string_view text, const Tokenizer& expected, const Tokenizer& actual) {
  const auto wanted = expected.Encode(text, SpecialTokens::kParse);
  const auto got = actual.Encode(text, SpecialTokens::kParse);
  if (wanted.ok() == got.ok() && (!wanted.ok() || *wanted == *got)) return OkStatus();
  return Unimplemented("this SentencePiece vocabulary cannot be written as a tokenizer.json: \"" +
                       Excerpt(text) + "\" would get other tokens");
}

Status SameTokenizer(const GgufVocabulary& vocabulary, const Tokenizer& expected,
                     const Tokenizer& actual) {
  for (const std::string_view probe : kSpmProbes)
    RL_RETURN_IF_ERROR(SameIds(probe, expected, actual));
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id)
    RL_RETURN_IF_ERROR(SameIds(expected.TokenBytes(static_cast<TokenId>(id)), expected, actual));
  return OkStatus();
}

}  // namespace

Result<json> SpmJson(const GgufVocabulary& vocabulary, const Tokenizer& tokenizer) {
  if (std::ranges::any_of(vocabulary.scores, [](float score) { return std::isnan(score); }))
    return DataLoss("tokenizer.ggml.scores holds NaN");
  json root = {{"version", "1.0"},
               {"added_tokens", AddedTokensJson(vocabulary, true)},
               {"normalizer", SpmNormalizer(vocabulary.add_space_prefix)},
               {"decoder", SpmDecoder(vocabulary.add_space_prefix)},
               {"model", SpmModel(vocabulary)}};
  RL_ASSIGN_OR_RETURN(const auto actual, MakeHfTokenizer(root.dump(), {}));
  RL_RETURN_IF_ERROR(SameTokenizer(vocabulary, tokenizer, *actual));
  return root;
}

}  // namespace redline::text
