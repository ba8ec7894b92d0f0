// What a client asked for, validated and tokenised: one answer of prompts times n choices.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "openai/response.h"
#include "text/constraint.h"
#include "text/output_parser.h"

namespace redline::engine {

// How tokens become a choice; the same for all choices of an answer.
struct ChoiceFormat {
  openai::AnswerKind kind = openai::AnswerKind::kChat;
  std::vector<std::string> stop;
  bool include_stop = false;            // the stop string or token is part of the answer
  std::vector<TokenId> stop_token_ids;  // of the request: those it is told about
  bool skip_special_tokens = true;
  std::vector<TokenId> hidden_tokens;  // never text, even where special tokens are
  int num_logprobs = -1;               // -1: none
  int num_prompt_logprobs = -1;        // vLLM's prompt_logprobs; -1: none
  bool tokens_as_ids = false;          // log-probs name tokens "token_id:42"
  bool tells_token_ids = false;
  bool tells_prompt_ids = false;
  bool echo = false;
  std::optional<text::OutputFormat> parse;  // absent: the text is content
  bool include_reasoning = true;
  bool parallel_tool_calls = true;
  bool calls_finish_as_stop = false;  // tool_choice names the function: as OpenAI and vLLM
};

struct PromptTokens {
  std::vector<TokenId> tokens;
  std::string text;  // with echo only: what it reads
};

// What the answer must be, not compiled yet.
struct Structure {
  text::GrammarKind kind = text::GrammarKind::kJsonSchema;
  std::string source;
  std::string param;             // the field that asked
  bool after_reasoning = false;  // the answer may or must reason first
  bool starts_in_reasoning = false;
};

struct AnswerRequest {
  openai::ResponseIdentity identity;
  bool stream = false;
  bool continuous_usage = false;
  int64_t n = 1;
  std::vector<PromptTokens> prompts;
  SamplingParams sampling;
  int num_prompt_logprobs = -1;  // that the engine is to compute
  std::string cache_salt;
  ChoiceFormat format;
  std::optional<Structure> structure;
  // One per choice once `structure` is compiled; else none.
  std::vector<std::unique_ptr<text::Constraint>> constraints;
  int64_t num_unknown_fields = 0;

  size_t NumChoices() const { return prompts.size() * static_cast<size_t>(n); }
  // Choice i answers prompt i / n.
  const PromptTokens& PromptOf(size_t choice) const {
    return prompts[choice / static_cast<size_t>(n)];
  }
};

}  // namespace redline::engine
