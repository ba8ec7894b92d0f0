#include "text/hf_tokenizer.h"

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "text/bridge_status.h"

namespace redline::text {
namespace {

using nlohmann::json;

// The largest published tokenizer.json (Gemma 3) has 33 MB.
constexpr uint64_t kMaxTokenizerBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;

struct BridgeTokenizerDeleter {
  void operator()(rb_tokenizer* tokenizer) const { rb_tokenizer_free(tokenizer); }
};
using BridgeTokenizer = std::unique_ptr<rb_tokenizer, BridgeTokenizerDeleter>;

struct TokenView {
  std::string_view bytes;
  bool special = false;
};

class HfTokenizer : public Tokenizer {
 public:
  HfTokenizer(BridgeTokenizer bridge, const TokenizerOptions& options)
      : bridge_(std::move(bridge)), bos_id_(options.bos_id), eos_id_(options.eos_id) {
    const int64_t prefix = rb_tokenizer_prefix_id(bridge_.get());
    if (prefix >= 0 && !bos_id_) bos_id_ = static_cast<TokenId>(prefix);
    adds_bos_ = bos_id_ && options.adds_bos.value_or(prefix == *bos_id_);
  }

  Result<std::vector<TokenId>> Encode(std::string_view utf8, SpecialTokens special) const override {
    rb_ids ids{};
    rb_string error{};
    const rb_code code = rb_tokenizer_encode(bridge_.get(), BridgeBytes(utf8), utf8.size(),
                                             special == SpecialTokens::kAsText, &ids, &error);
    RL_RETURN_IF_ERROR(BridgeStatus(code, error));
    std::vector<TokenId> result(ids.data, ids.data + ids.len);
    rb_ids_free(ids);
    return result;
  }

  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override {
    rb_string text{};
    rb_string error{};
    // A negative id becomes a huge one, which is unknown as well.
    const rb_code code =
        rb_tokenizer_decode(bridge_.get(), reinterpret_cast<const uint32_t*>(ids.data()),
                            ids.size(), skip_special, &text, &error);
    RL_RETURN_IF_ERROR(BridgeStatus(code, error));
    return TakeString(text);
  }

  std::string TokenBytes(TokenId id) const override { return std::string(View(id).bytes); }
  bool IsSpecial(TokenId id) const override { return View(id).special; }
  int64_t VocabSize() const override {
    return static_cast<int64_t>(rb_tokenizer_vocab_size(bridge_.get()));
  }
  std::optional<TokenId> TokenToId(std::string_view token) const override {
    const int64_t id = rb_tokenizer_token_id(bridge_.get(), BridgeBytes(token), token.size());
    return id < 0 ? std::nullopt : std::optional(static_cast<TokenId>(id));
  }
  bool AddsBos() const override { return adds_bos_; }
  std::optional<TokenId> BosId() const override { return bos_id_; }
  std::optional<TokenId> EosId() const override { return eos_id_; }

 private:
  TokenView View(TokenId id) const {
    const uint8_t* bytes = nullptr;
    size_t length = 0;
    bool special = false;
    const auto unsigned_id = static_cast<uint32_t>(id);
    if (!rb_tokenizer_token(bridge_.get(), unsigned_id, &bytes, &length, &special)) return {};
    return {{reinterpret_cast<const char*>(bytes), length}, special};
  }

  BridgeTokenizer bridge_;
  std::optional<TokenId> bos_id_;
  std::optional<TokenId> eos_id_;
  bool adds_bos_ = false;
};

// "bos_token": "<s>", or {"content": "<s>", ...}, or null.
std::string TokenText(const json& config, const char* key) {
  const auto it = config.find(key);
  if (it == config.end()) return {};
  if (it->is_string()) return it->get<std::string>();
  if (!it->is_object() || !it->contains("content") || !(*it)["content"].is_string()) return {};
  return (*it)["content"].get<std::string>();
}

struct NamedTokens {
  std::string bos;
  std::string eos;
  std::optional<bool> adds_bos;
};

Result<NamedTokens> ReadTokenizerConfig(const std::filesystem::path& path) {
  Result<std::string> text = ReadFile(path, kMaxConfigBytes);
  if (!text.ok()) {
    if (text.status().code() == Code::kNotFound) return NamedTokens{};
    return text.status();
  }
  const json config = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return DataLoss(path.string() + " is not a JSON object");
  NamedTokens named{TokenText(config, "bos_token"), TokenText(config, "eos_token"), std::nullopt};
  const auto adds = config.find("add_bos_token");
  if (adds != config.end() && adds->is_boolean()) named.adds_bos = adds->get<bool>();
  return named;
}

Result<BridgeTokenizer> ParseTokenizer(std::string_view tokenizer_json) {
  rb_tokenizer* raw = nullptr;
  rb_string error{};
  const rb_code code =
      rb_tokenizer_new(BridgeBytes(tokenizer_json), tokenizer_json.size(), &raw, &error);
  const Status status = BridgeStatus(code, error);
  // Whatever the parser made of a damaged file, panics included, the file is what was wrong.
  if (!status.ok()) return DataLoss("not a usable tokenizer.json: " + status.message());
  return BridgeTokenizer(raw);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeHfTokenizer(std::string_view tokenizer_json,
                                                   const TokenizerOptions& options) {
  RL_ASSIGN_OR_RETURN(BridgeTokenizer bridge, ParseTokenizer(tokenizer_json));
  return std::unique_ptr<Tokenizer>(new HfTokenizer(std::move(bridge), options));
}

Result<std::unique_ptr<Tokenizer>> LoadHfTokenizer(const std::filesystem::path& tokenizer_json) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(tokenizer_json, kMaxTokenizerBytes));
  RL_ASSIGN_OR_RETURN(const NamedTokens named,
                      ReadTokenizerConfig(tokenizer_json.parent_path() / "tokenizer_config.json"));
  Result<BridgeTokenizer> bridge = ParseTokenizer(text);
  if (!bridge.ok()) return bridge.status().WithContext(tokenizer_json.string());
  const auto find = [&](std::string_view token) -> std::optional<TokenId> {
    const int64_t id = rb_tokenizer_token_id(bridge->get(), BridgeBytes(token), token.size());
    return token.empty() || id < 0 ? std::nullopt : std::optional(static_cast<TokenId>(id));
  };
  const TokenizerOptions options{find(named.bos), find(named.eos), named.adds_bos};
  return std::unique_ptr<Tokenizer>(new HfTokenizer(std::move(*bridge), options));
}

}  // namespace redline::text
