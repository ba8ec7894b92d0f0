// Log-probs in the forms of the three places that have them. Pure functions.
#pragma once

#include <span>
#include <string>

#include "openai/response.h"

namespace redline::openai {

// Chat: {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}.
std::string ChatLogprobsJson(std::span<const TokenLogprobs> tokens);
// Completions: {"tokens", "token_logprobs", "top_logprobs", "text_offset"}, lists of equal length.
std::string CompletionLogprobsJson(std::span<const TokenLogprobs> tokens);
// vLLM's prompt_logprobs: [null, {"42": {"logprob", "rank", "decoded_token"}}, ...].
std::string PromptLogprobsJson(const PromptLogprobs& prompt);

}  // namespace redline::openai
