// A model ready to answer: engine, tokenizer, chat template.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/status.h"
#include "engine/api/serve_options.h"
#include "engine/api/structure.h"
#include "engine/runtime/engine.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace redline::engine {

// Immutable once made, the engine's own state aside; usable from any thread.
struct LoadedModel {
  std::unique_ptr<Checkpoint> checkpoint;
  std::unique_ptr<text::Tokenizer> tokenizer;         // null: token ids only
  std::unique_ptr<text::ChatTemplate> chat_template;  // null: no chat
  std::unique_ptr<ConstraintSource> constraints;      // null without a tokenizer
  // Names of text/output_parser.h; "": none.
  std::string tool_call_parser;
  std::string reasoning_parser;
  bool template_shows_tools = false;
  std::string bos_token;
  std::string eos_token;
  int64_t max_token_bytes = 1;     // bytes of the longest token's text
  std::unique_ptr<Engine> engine;  // last: it ends first
};

// `progress` gets fractions that only rise, from 0 to 1, on the calling thread. `metrics` outlives
// the model.
Result<std::unique_ptr<LoadedModel>> LoadModel(std::unique_ptr<Checkpoint> checkpoint,
                                               const ServeOptions& options,
                                               MetricsRegistry& metrics,
                                               const std::function<void(double)>& progress);

// The chat template and what it implies: parsers, where `options` leave them to it; whether it
// shows tools to the model. kInvalidArgument when it does not compile.
Status SetChatTemplate(std::string_view source, const ServeOptions& options, LoadedModel& model);

int64_t LongestTokenBytes(const text::Tokenizer& tokenizer);

}  // namespace redline::engine
