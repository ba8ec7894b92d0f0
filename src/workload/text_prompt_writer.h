// Prompts as text with an exact number of tokens, for servers that take text only.
//
// A number of the plan becomes a word that is one token wherever it stands, so that a text has as
// many tokens as words, and prompts that share numbers share text. Tokens that the API adds to each
// prompt (BOS, a chat template) count as part of the prompt, as servers count them in their usage:
// a prompt has that many words less.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "workload/prompt_writer.h"
#include "workload/word_finder.h"

namespace redline::workload {

class TextPromptWriter : public PromptWriter {
 public:
  // `api_overhead_tokens`: what the API of the run adds to a prompt; absent: the same as is in the
  // counter's numbers (a counter that uses that API). Errors as FindOneTokenWords().
  static Result<std::unique_ptr<TextPromptWriter>> Make(
      TokenCounter counter, std::optional<int64_t> api_overhead_tokens = std::nullopt);

  // A JSON string; a text of the dataset as it is. A prompt that is to be shorter than the overhead
  // and one word is one word.
  void AppendJson(const RequestPlan& plan, size_t index, std::string& json) const override;

  // Counts the shortest and the longest of the plan's prompts and `num_samples` between them.
  // kFailedPrecondition, with the lengths, for the first that is not exact.
  Status Verify(const RequestPlan& plan, size_t num_samples) const;

  int64_t overhead_tokens() const { return overhead_tokens_; }
  size_t num_words() const { return words_.words.size(); }

 private:
  TextPromptWriter(TokenCounter counter, OneTokenWords words, int64_t overhead_tokens)
      : counter_(std::move(counter)), words_(std::move(words)), overhead_tokens_(overhead_tokens) {}
  void AppendText(const RequestPlan& plan, size_t index, std::string& text) const;
  Status CheckCounts(const RequestPlan& plan, const std::vector<size_t>& indices) const;

  const TokenCounter counter_;
  const OneTokenWords words_;
  const int64_t overhead_tokens_;
};

}  // namespace redline::workload
