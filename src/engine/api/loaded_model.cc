#include "engine/api/loaded_model.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/process.h"
#include "engine/api/page_in.h"

namespace redline::engine {
namespace {

// Shares of the loading time: reading the files is most of it, and the part that can be followed.
constexpr double kTextDone = 0.05;
constexpr double kPagesDone = 0.75;

Status LoadText(const ServeOptions& options, LoadedModel& model) {
  RL_ASSIGN_OR_RETURN(model.tokenizer, model.checkpoint->MakeTokenizer());
  model.bos_token = model.checkpoint->bos_token();
  model.eos_token = model.checkpoint->eos_token();
  const std::string name = ServedModelName(options);
  if (model.tokenizer == nullptr) {
    LogWarn("serve", "model {} has no tokenizer: it serves token ids only", name);
    return OkStatus();
  }
  model.max_token_bytes = LongestTokenBytes(*model.tokenizer);
  if (model.checkpoint->chat_template().empty()) {
    LogWarn("serve", "model {} has no chat template: it serves completions only", name);
    return OkStatus();
  }
  Result<std::unique_ptr<text::ChatTemplate>> compiled =
      text::CompileChatTemplate(model.checkpoint->chat_template());
  if (!compiled.ok()) return compiled.status().WithContext("the model's chat template");
  model.chat_template = std::move(compiled).value();
  return OkStatus();
}

}  // namespace

int64_t LongestTokenBytes(const text::Tokenizer& tokenizer) {
  size_t longest = 1;
  for (int64_t id = 0; id < tokenizer.VocabSize(); ++id) {
    longest = std::max(longest, tokenizer.TokenBytes(static_cast<TokenId>(id)).size());
  }
  return static_cast<int64_t>(longest);
}

Result<std::unique_ptr<LoadedModel>> LoadModel(std::unique_ptr<Checkpoint> checkpoint,
                                               const ServeOptions& options,
                                               MetricsRegistry& metrics,
                                               const std::function<void(double)>& progress) {
  progress(0);
  auto model = std::make_unique<LoadedModel>();
  model->checkpoint = std::move(checkpoint);
  RL_RETURN_IF_ERROR(LoadText(options, *model));
  progress(kTextDone);
  // Reading ahead only makes sense for weights that fit; Engine::Start says what is missing.
  if (static_cast<uint64_t>(model->checkpoint->WeightBytes()) <= AvailableMemoryBytes()) {
    PageIn(*model->checkpoint,
           [&](double fraction) { progress(kTextDone + (kPagesDone - kTextDone) * fraction); });
  }
  progress(kPagesDone);
  RL_ASSIGN_OR_RETURN(model->engine, Engine::Start(*model->checkpoint, options.engine, metrics));
  if (model->tokenizer != nullptr) {
    model->constraints = std::make_unique<ConstraintSource>(
        model->tokenizer.get(), model->checkpoint->config().eos_token_ids);
  }
  progress(1);
  return model;
}

}  // namespace redline::engine
