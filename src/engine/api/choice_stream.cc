#include "engine/api/choice_stream.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"

namespace redline::engine {
namespace {

constexpr size_t kCallIdCharacters = 24;

bool Contains(const std::vector<TokenId>& tokens, TokenId token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

// The names were checked when the server started.
std::unique_ptr<text::OutputParser> ParserFor(const ChoiceFormat& format) {
  if (!format.parse) return nullptr;
  Result<std::unique_ptr<text::OutputParser>> parser = text::MakeOutputParser(*format.parse);
  return parser.ok() ? std::move(parser).value() : nullptr;
}

template <typename T>
void AppendTo(std::optional<std::vector<T>>& list, std::optional<std::vector<T>> more) {
  if (!more) return;
  if (!list) list.emplace();
  list->insert(list->end(), std::make_move_iterator(more->begin()),
               std::make_move_iterator(more->end()));
}

void AppendCall(std::vector<openai::ToolCall>& calls, openai::ToolCall piece) {
  if (!calls.empty() && calls.back().index == piece.index) {
    calls.back().arguments += piece.arguments;
  } else {
    calls.push_back(std::move(piece));
  }
}

}  // namespace

ChoiceStream::ChoiceStream(const ChoiceFormat& format, const PromptTokens& prompt, int64_t index,
                           const text::Tokenizer* tokenizer)
    : format_(format),
      prompt_(prompt),
      index_(index),
      tokenizer_(tokenizer),
      names_(tokenizer, format.tokens_as_ids),
      decoder_(tokenizer, format.skip_special_tokens),
      stops_(format.stop, format.include_stop ? StopMatcher::StopText::kIncluded
                                              : StopMatcher::StopText::kLeftOut),
      parser_(ParserFor(format)) {}

openai::Choice ChoiceStream::OnEvent(const TokenEvent& event) {
  openai::Choice delta;
  delta.index = index_;
  if (done_) return delta;
  num_cached_tokens_ = event.cached_tokens;
  if (!begun_) Begin(event, delta);
  if (event.token || event.stop_token) ++num_completion_tokens_;
  if (event.token) AddToken(event, delta);
  if (!done_ && event.finish != FinishReason::kNone) End(event, delta);
  if (HasOutput(delta) || done_ || tokenizer_ == nullptr) TellTokens(delta);
  return delta;
}

void ChoiceStream::Begin(const TokenEvent& event, openai::Choice& delta) {
  begun_ = true;
  delta.first = true;
  if (format_.tells_prompt_ids) delta.prompt_token_ids = prompt_.tokens;
  if (format_.num_prompt_logprobs >= 0) {
    delta.prompt_logprobs =
        names_.PromptLogprobs(event.prompt_logprobs, format_.num_prompt_logprobs);
  }
  if (!format_.echo) return;
  delta.content = prompt_.text;
  echoed_code_points_ = CountCodePoints(prompt_.text);
  if (format_.num_logprobs < 0) return;
  delta.logprobs = names_.EchoLogprobs(prompt_.tokens, event.prompt_logprobs, format_.num_logprobs);
}

bool ChoiceStream::IsHidden(TokenId token) const { return Contains(format_.hidden_tokens, token); }

void ChoiceStream::AddToken(const TokenEvent& event, openai::Choice& delta) {
  std::string text;
  if (tokenizer_ != nullptr && !IsHidden(*event.token)) text = decoder_.Push(*event.token);
  if (TellsTokens()) {
    ledger_.Add(*event.token, event.logprobs, text.size(), CountCodePoints(text),
                decoder_.incomplete());
  }
  AddText(text, delta);
}

void ChoiceStream::AddText(const std::string& text, openai::Choice& delta) {
  AddContent(stops_.Push(text), delta);
  if (done_ || !(stops_.found() || second_call_)) return;
  if (stops_.found()) delta.stop_reason = stops_.found_stop();
  ended_early_ = true;
  Finish("stop", delta);
}

// `text` is certain to be part of the answer.
void ChoiceStream::AddContent(const std::string& text, openai::Choice& delta) {
  if (text.empty()) return;
  certain_bytes_ += text.size();
  if (parser_ == nullptr) {
    delta.content += text;
    return;
  }
  text::OutputDelta parsed;
  parser_->Push(text, &parsed);
  AddParsed(std::move(parsed), delta);
}

void ChoiceStream::AddParsed(text::OutputDelta parsed, openai::Choice& delta) {
  if (second_call_) return;
  delta.content += parsed.content;
  if (format_.include_reasoning) delta.reasoning += parsed.reasoning;
  for (text::ToolCallDelta& call : parsed.tool_calls) AddCall(std::move(call), delta);
}

// Without parallel calls the answer ends before the second.
void ChoiceStream::AddCall(text::ToolCallDelta call, openai::Choice& delta) {
  const bool is_new = call.index >= num_calls_;
  if (is_new && num_calls_ > 0 && !format_.parallel_tool_calls) second_call_ = true;
  if (second_call_) return;
  num_calls_ = std::max(num_calls_, call.index + 1);
  AppendCall(delta.tool_calls,
             {.index = call.index,
              .id = is_new ? "call_" + RandomToken(kCallIdCharacters) : std::string(),
              .name = std::move(call.name),
              .arguments = std::move(call.arguments)});
}

void ChoiceStream::End(const TokenEvent& event, openai::Choice& delta) {
  if (event.stop_token && Contains(format_.stop_token_ids, *event.stop_token))
    delta.stop_reason = *event.stop_token;
  if (tokenizer_ != nullptr) {
    if (event.stop_token && format_.include_stop) AddText(decoder_.Push(*event.stop_token), delta);
    AddText(decoder_.Finish(), delta);
  }
  if (!done_) Finish(event.finish == FinishReason::kStop ? "stop" : "length", delta);
}

void ChoiceStream::Finish(std::string_view finish_reason, openai::Choice& delta) {
  done_ = true;
  ledger_.Close();
  AddContent(stops_.Flush(), delta);
  if (parser_ != nullptr) {
    text::OutputDelta parsed;
    parser_->Finish(&parsed);
    AddParsed(std::move(parsed), delta);
  }
  const bool called = finish_reason == "stop" && num_calls_ > 0 && !format_.calls_finish_as_stop;
  delta.finish_reason = called ? "tool_calls" : finish_reason;
}

// Tokens go out with text, so that a chunk's log-probs are not alone in it.
void ChoiceStream::TellTokens(openai::Choice& delta) {
  if (!TellsTokens()) return;
  for (LedgerToken& token : ledger_.Take(certain_bytes_)) {
    token.text_offset += echoed_code_points_;
    if (format_.tells_token_ids) {
      if (!delta.token_ids) delta.token_ids.emplace();
      delta.token_ids->push_back(token.token);
    }
    if (format_.num_logprobs < 0) continue;
    if (!delta.logprobs) delta.logprobs.emplace();
    delta.logprobs->push_back(names_.Logprobs(token, format_.num_logprobs));
  }
}

void Append(openai::Choice& choice, openai::Choice delta) {
  choice.content += delta.content;
  choice.reasoning += delta.reasoning;
  for (openai::ToolCall& call : delta.tool_calls) AppendCall(choice.tool_calls, std::move(call));
  AppendTo(choice.logprobs, std::move(delta.logprobs));
  AppendTo(choice.token_ids, std::move(delta.token_ids));
  AppendTo(choice.prompt_token_ids, std::move(delta.prompt_token_ids));
  AppendTo(choice.prompt_logprobs, std::move(delta.prompt_logprobs));
  choice.finish_reason += delta.finish_reason;
  if (delta.stop_reason.index() != 0) choice.stop_reason = std::move(delta.stop_reason);
}

bool HasOutput(const openai::Choice& delta) {
  return !delta.content.empty() || !delta.reasoning.empty() || !delta.tool_calls.empty();
}

}  // namespace redline::engine
