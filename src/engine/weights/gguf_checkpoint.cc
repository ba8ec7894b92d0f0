#include "engine/weights/gguf_config.h"
#include "engine/weights/gguf_reader.h"
#include "engine/weights/tensor_set.h"

namespace redline::engine {
namespace {

class GgufCheckpoint : public Checkpoint {
 public:
  GgufCheckpoint(std::unique_ptr<GgufFile> gguf, ModelConfig config, TensorSet tensors)
      : gguf_(std::move(gguf)), config_(std::move(config)), tensors_(std::move(tensors)) {}

  Status ReadTexts() {
    RL_ASSIGN_OR_RETURN(vocabulary_, VocabularyFromGguf(*gguf_));
    if (!vocabulary_) return OkStatus();
    if (static_cast<int64_t>(vocabulary_->tokens.size()) > config_.vocab_size)
      return DataLoss("the vocabulary has " + std::to_string(vocabulary_->tokens.size()) +
                      " tokens, the embedding only " + std::to_string(config_.vocab_size));
    RL_ASSIGN_OR_RETURN(const auto source, gguf_->String("tokenizer.chat_template"));
    chat_template_ = source.value_or("");
    bos_token_ = TokenText(vocabulary_->bos_token_id);
    eos_token_ = TokenText(vocabulary_->eos_token_id);
    return OkStatus();
  }

  const ModelConfig& config() const override { return config_; }
  const TensorView* Find(std::string_view name) const override { return tensors_.Find(name); }
  std::vector<const TensorView*> AllTensors() const override { return tensors_.All(); }
  Result<std::unique_ptr<text::Tokenizer>> MakeTokenizer() const override {
    if (!vocabulary_) return std::unique_ptr<text::Tokenizer>();
    return text::MakeGgufTokenizer(*vocabulary_);
  }
  const text::GgufVocabulary* vocabulary() const override {
    return vocabulary_ ? &*vocabulary_ : nullptr;
  }
  const std::string& chat_template() const override { return chat_template_; }
  const std::string& bos_token() const override { return bos_token_; }
  const std::string& eos_token() const override { return eos_token_; }
  int64_t WeightBytes() const override { return tensors_.num_bytes(); }
  Status CheckIntact() const override { return gguf_->file().CheckIntact(); }
  void ReleaseMemory() const override { gguf_->file().ReleaseMemory(); }

 private:
  std::string TokenText(std::optional<TokenId> id) const {
    const auto& tokens = vocabulary_->tokens;
    if (!id || *id < 0 || static_cast<size_t>(*id) >= tokens.size()) return {};
    return tokens[static_cast<size_t>(*id)];
  }

  std::unique_ptr<GgufFile> gguf_;
  ModelConfig config_;
  TensorSet tensors_;
  std::optional<text::GgufVocabulary> vocabulary_;
  std::string chat_template_;
  std::string bos_token_;
  std::string eos_token_;
};

Result<std::unique_ptr<Checkpoint>> FromFile(std::unique_ptr<GgufFile> gguf) {
  RL_ASSIGN_OR_RETURN(ModelConfig config, ConfigFromGguf(*gguf));
  RL_ASSIGN_OR_RETURN(TensorSet tensors,
                      TensorSet::Make(config, NameStyle::kGguf, GgufWeights(*gguf)));
  auto checkpoint =
      std::make_unique<GgufCheckpoint>(std::move(gguf), std::move(config), std::move(tensors));
  RL_RETURN_IF_ERROR(checkpoint->ReadTexts());
  return std::unique_ptr<Checkpoint>(std::move(checkpoint));
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> OpenGgufCheckpoint(std::unique_ptr<MappedFile> file) {
  const std::string name = file->name();
  RL_ASSIGN_OR_RETURN(auto gguf, GgufFile::Open(std::move(file)));
  auto checkpoint = FromFile(std::move(gguf));
  if (!checkpoint.ok()) return checkpoint.status().WithContext(name);
  RL_RETURN_IF_ERROR((*checkpoint)->CheckIntact());
  return checkpoint;
}

}  // namespace redline::engine
