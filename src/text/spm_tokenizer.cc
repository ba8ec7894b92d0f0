#include "text/spm_tokenizer.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/strings.h"
#include "text/gguf_token_type.h"
#include "text/spm_merge.h"
#include "text/utf8_lossy.h"

namespace redline::text {
namespace {

constexpr std::string_view kVisibleSpace = "\xE2\x96\x81";  // U+2581, SentencePiece's visible space

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t position = 0; position < text.size();) {
    const size_t next = std::min(text.find(from, position), text.size());
    out += text.substr(position, next - position);
    if (next < text.size()) out += to;
    position = next + from.size();
  }
  return out;
}

std::optional<uint8_t> ParseByteToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  const std::string_view digits = "0123456789ABCDEF";
  const size_t high = digits.find(token[3]);
  const size_t low = digits.find(token[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(high * 16 + low);
}

// Spelt like "<s>" or "[INST]": steers the model even when its type says "user defined".
bool LooksLikeControl(std::string_view token) {
  return (token.starts_with('<') && token.ends_with('>')) ||
         (token.starts_with('[') && token.ends_with(']'));
}

size_t FirstByte(std::string_view text) { return static_cast<uint8_t>(text[0]); }

// A token that is found in the text before any merging.
struct MarkedToken {
  std::string_view text;
  TokenId id;
  bool control;  // switched off by SpecialTokens::kAsText
};

class SpmTokenizer : public Tokenizer {
 public:
  explicit SpmTokenizer(const GgufVocabulary& vocabulary)
      : tokens_(vocabulary.tokens),
        types_(vocabulary.token_types),
        bos_id_(vocabulary.bos_token_id),
        eos_id_(vocabulary.eos_token_id),
        adds_bos_(bos_id_ && vocabulary.add_bos_token.value_or(true)),
        adds_space_prefix_(vocabulary.add_space_prefix) {
    types_.resize(tokens_.size(), kNormal);
    byte_ids_.fill(-1);
    for (size_t i = 0; i < tokens_.size(); ++i)
      Index(static_cast<TokenId>(i), vocabulary.scores[i]);
    for (std::vector<MarkedToken>& marked : marked_) {
      std::ranges::sort(marked, std::greater{}, [](const MarkedToken& m) { return m.text.size(); });
    }
  }

  Result<std::vector<TokenId>> Encode(std::string_view utf8, SpecialTokens special) const override {
    if (!IsValidUtf8(utf8)) return InvalidArgument("text is not valid UTF-8");
    std::vector<TokenId> ids;
    size_t plain_start = 0;
    for (size_t position = 0; position < utf8.size();) {
      const MarkedToken* marked = MarkedAt(utf8.substr(position), special);
      if (marked == nullptr) {
        ++position;
        continue;
      }
      RL_RETURN_IF_ERROR(EncodePlain(utf8.substr(plain_start, position - plain_start), &ids));
      ids.push_back(marked->id);
      position += marked->text.size();
      plain_start = position;
    }
    RL_RETURN_IF_ERROR(EncodePlain(utf8.substr(plain_start), &ids));
    return ids;
  }

  // Takes back the space that Encode put in front.
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::string bytes;
    bool at_start = adds_space_prefix_;
    for (const TokenId id : ids) {
      if (!Known(id)) {
        return InvalidArgument("token id " + std::to_string(id) + " is not in the vocabulary");
      }
      const bool special = IsSpecial(id);
      if (special && skip_special) continue;
      const std::string token = TokenBytes(id);
      bytes += std::string_view(token).substr(at_start && !special && token.starts_with(' '));
      at_start = at_start && special;
    }
    std::string pending;
    std::string text = PushUtf8(&pending, bytes);
    return text + FinishUtf8(&pending);
  }

  std::string TokenBytes(TokenId id) const override {
    if (!Known(id)) return {};
    const std::string& token = tokens_[id];
    if (types_[id] == kByte) {
      const std::optional<uint8_t> byte = ParseByteToken(token);
      if (byte) return std::string(1, static_cast<char>(*byte));
    }
    if (IsSpecial(id) || types_[id] == kUserDefined) return token;
    return ReplaceAll(token, kVisibleSpace, " ");
  }

  bool IsSpecial(TokenId id) const override {
    return Known(id) && (types_[id] == kControl || types_[id] == kUnknown);
  }
  int64_t VocabSize() const override { return static_cast<int64_t>(tokens_.size()); }
  std::optional<TokenId> TokenToId(std::string_view token) const override {
    const auto it = ids_.find(token);
    return it == ids_.end() ? std::nullopt : std::optional(it->second);
  }
  bool AddsBos() const override { return adds_bos_; }
  std::optional<TokenId> BosId() const override { return bos_id_; }
  std::optional<TokenId> EosId() const override { return eos_id_; }

 private:
  bool Known(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < tokens_.size(); }

  void Index(TokenId id, float score) {
    const std::string& token = tokens_[id];
    ids_[token] = id;
    switch (types_[id]) {
      case kUnknown:
        unknown_id_ = id;
        if (!token.empty()) marked_[FirstByte(token)].push_back({token, id, true});
        break;
      case kByte:
        if (const auto byte = ParseByteToken(token)) byte_ids_[*byte] = id;
        break;
      case kControl:
      case kUserDefined: {
        const bool control = types_[id] == kControl || LooksLikeControl(token);
        if (!token.empty()) marked_[FirstByte(token)].push_back({token, id, control});
        break;
      }
      default:
        mergeable_[token] = {id, score};
    }
  }

  // The longest marked token that `text` starts with.
  const MarkedToken* MarkedAt(std::string_view text, SpecialTokens special) const {
    for (const MarkedToken& marked : marked_[FirstByte(text)]) {
      if (marked.control && special == SpecialTokens::kAsText) continue;
      if (text.starts_with(marked.text)) return &marked;
    }
    return nullptr;
  }

  const ScoredToken* FindMergeable(std::string_view text) const {
    const auto it = mergeable_.find(text);
    return it == mergeable_.end() ? nullptr : &it->second;
  }

  // One stretch between marked tokens.
  Status EncodePlain(std::string_view text, std::vector<TokenId>* ids) const {
    if (text.empty()) return OkStatus();
    std::string visible(adds_space_prefix_ ? kVisibleSpace : "");
    visible += ReplaceAll(text, " ", kVisibleSpace);
    const auto find = [this](std::string_view piece) { return FindMergeable(piece); };
    for (const std::string_view piece : MergeByScore(visible, find)) {
      const ScoredToken* token = FindMergeable(piece);
      if (token != nullptr) {
        ids->push_back(token->id);
      } else {
        RL_RETURN_IF_ERROR(EncodeBytes(piece, ids));
      }
    }
    return OkStatus();
  }

  // A character without a token of its own.
  Status EncodeBytes(std::string_view piece, std::vector<TokenId>* ids) const {
    for (const char c : piece) {
      const TokenId id = byte_ids_[static_cast<uint8_t>(c)];
      if (id < 0 && !unknown_id_) {
        return InvalidArgument("the vocabulary has no token for \"" + std::string(piece) + "\"");
      }
      ids->push_back(id < 0 ? *unknown_id_ : id);
    }
    return OkStatus();
  }

  std::vector<std::string> tokens_;
  std::vector<int32_t> types_;
  std::unordered_map<std::string_view, TokenId> ids_;  // views into tokens_, as are all below
  std::unordered_map<std::string_view, ScoredToken> mergeable_;
  std::array<std::vector<MarkedToken>, 256> marked_;  // by first byte, the longest first
  std::array<TokenId, 256> byte_ids_;
  std::optional<TokenId> unknown_id_;
  std::optional<TokenId> bos_id_;
  std::optional<TokenId> eos_id_;
  bool adds_bos_;
  bool adds_space_prefix_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeSpmTokenizer(const GgufVocabulary& vocabulary) {
  if (vocabulary.scores.empty()) {
    return DataLoss("a \"llama\" vocabulary needs tokenizer.ggml.scores");
  }
  return std::unique_ptr<Tokenizer>(new SpmTokenizer(vocabulary));
}

}  // namespace redline::text
