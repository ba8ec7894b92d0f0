// Tokens with their log-probs as the API tells them. Pure functions of a tokenizer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/api/token_ledger.h"
#include "openai/response.h"
#include "text/tokenizer.h"

namespace redline::engine {

class TokenNames {
 public:
  // `tokenizer` may be null, and outlives this: tokens are then named by their ids.
  TokenNames(const text::Tokenizer* tokenizer, bool as_ids)
      : tokenizer_(tokenizer), as_ids_(as_ids || tokenizer == nullptr) {}

  // `logprobs`: the token's own, then the best in its place, at most `num_top` of which are told.
  openai::TokenLogprobs Logprobs(const LedgerToken& token, int num_top) const;

  // vLLM's prompt_logprobs, from what the engine tells of each token but the first.
  openai::PromptLogprobs PromptLogprobs(std::span<const std::vector<TokenLogprob>> logprobs,
                                        int num_top) const;
  // The same as log-probs of an echoed prompt; the first token has none.
  std::vector<openai::TokenLogprobs> EchoLogprobs(
      std::span<const TokenId> prompt, std::span<const std::vector<TokenLogprob>> logprobs,
      int num_top) const;

 private:
  openai::LoggedToken Logged(TokenId token, std::optional<double> logprob) const;
  std::string BytesOf(TokenId token) const;

  const text::Tokenizer* tokenizer_;
  bool as_ids_;
};

int64_t CountCodePoints(std::string_view utf8);

}  // namespace redline::engine
