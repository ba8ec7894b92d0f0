// One choice on its way to the client: tokens to text, stop strings, reasoning and tool calls,
// log-probs. What it returns for each event concatenates to the choice.
//
// Owner: the output thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/api/answer_request.h"
#include "engine/api/stop_matcher.h"
#include "engine/api/token_ledger.h"
#include "engine/api/token_names.h"
#include "text/tokenizer.h"

namespace redline::engine {

class ChoiceStream {
 public:
  // `format` and `prompt` outlive this; so does `tokenizer`, which may be null: the choice is then
  // token ids.
  ChoiceStream(const ChoiceFormat& format, const PromptTokens& prompt, int64_t index,
               const text::Tokenizer* tokenizer);

  // What the event adds. Not for events that end in kError or kAbort. After done() it adds nothing.
  openai::Choice OnEvent(const TokenEvent& event);
  // finish_reason is told.
  bool done() const { return done_; }
  // It is done although the engine goes on with it.
  bool ended_early() const { return ended_early_; }

  int64_t num_completion_tokens() const { return num_completion_tokens_; }
  int64_t num_cached_tokens() const { return num_cached_tokens_; }

 private:
  void Begin(const TokenEvent& event, openai::Choice& delta);
  void AddToken(const TokenEvent& event, openai::Choice& delta);
  void AddText(const std::string& text, openai::Choice& delta);
  void AddContent(const std::string& text, openai::Choice& delta);
  void AddParsed(text::OutputDelta parsed, openai::Choice& delta);
  void AddCall(text::ToolCallDelta call, openai::Choice& delta);
  void End(const TokenEvent& event, openai::Choice& delta);
  void Finish(std::string_view finish_reason, openai::Choice& delta);
  void TellTokens(openai::Choice& delta);
  bool IsHidden(TokenId token) const;
  bool TellsTokens() const { return format_.num_logprobs >= 0 || format_.tells_token_ids; }

  const ChoiceFormat& format_;
  const PromptTokens& prompt_;
  const int64_t index_;
  const text::Tokenizer* const tokenizer_;
  const TokenNames names_;
  text::StreamDecoder decoder_;
  StopMatcher stops_;
  std::unique_ptr<text::OutputParser> parser_;  // null: the text is content
  TokenLedger ledger_;

  int64_t num_completion_tokens_ = 0;
  int64_t num_cached_tokens_ = 0;
  int64_t num_calls_ = 0;
  int64_t echoed_code_points_ = 0;
  size_t certain_bytes_ = 0;  // of the text, that are part of the answer
  bool begun_ = false;
  bool done_ = false;
  bool ended_early_ = false;
  bool second_call_ = false;  // there was one, and one call is all that was wanted
};

// Adds what came later to what came before.
void Append(openai::Choice& choice, openai::Choice delta);
// Whether there is something to tell beside the role and the end.
bool HasOutput(const openai::Choice& delta);

}  // namespace redline::engine
