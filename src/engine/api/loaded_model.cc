#include "engine/api/loaded_model.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/process.h"
#include "engine/api/page_in.h"
#include "text/deepseek_v32_encoding.h"
#include "text/parser_choice.h"

namespace redline::engine {
namespace {

// Shares of the loading time: reading the files is most of it, and the part that can be followed.
constexpr double kTextDone = 0.05;
constexpr double kPagesDone = 0.75;

// Its checkpoints have no Jinja template.
constexpr std::string_view kDeepSeekV32 = "deepseek_v32";

std::string ParserNamed(const std::string& option, const std::string& suggested) {
  if (option == "auto") return suggested;
  return option == "none" ? "" : option;
}

void SetParsers(const ServeOptions& options, const text::ParserChoice& suggested,
                LoadedModel& model) {
  model.tool_call_parser = ParserNamed(options.tool_call_parser, suggested.tool_call_parser);
  model.reasoning_parser = ParserNamed(options.reasoning_parser, suggested.reasoning_parser);
}

void SetDeepSeekV32Encoding(const ServeOptions& options, LoadedModel& model) {
  model.chat_template = text::MakeDeepSeekV32Encoding();
  model.template_shows_tools = true;
  SetParsers(options, {.tool_call_parser = "deepseekv32", .reasoning_parser = "deepseek-v3"},
             model);
}

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
  if (model.checkpoint->config().model_type == kDeepSeekV32) {
    SetDeepSeekV32Encoding(options, model);
    return OkStatus();
  }
  if (model.checkpoint->chat_template().empty()) {
    LogWarn("serve", "model {} has no chat template: it serves completions only", name);
    return OkStatus();
  }
  return SetChatTemplate(model.checkpoint->chat_template(), options, model);
}

}  // namespace

Status SetChatTemplate(std::string_view source, const ServeOptions& options, LoadedModel& model) {
  Result<std::unique_ptr<text::ChatTemplate>> compiled = text::CompileChatTemplate(source);
  if (!compiled.ok()) return compiled.status().WithContext("the model's chat template");
  model.chat_template = std::move(compiled).value();
  model.template_shows_tools = text::SupportsTools(source);
  SetParsers(options, text::SuggestParsers(source), model);
  return OkStatus();
}

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
  model->checkpoint->ReleaseMemory();
  if (model->tokenizer != nullptr) {
    model->constraints = std::make_unique<ConstraintSource>(
        model->tokenizer.get(), model->checkpoint->config().eos_token_ids);
  }
  progress(1);
  return model;
}

}  // namespace redline::engine
