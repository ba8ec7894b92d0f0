// Prompts as the prefix cache knows them: how many tokens, in blocks whose keys are what came up to
// their ends. A tokenizer is not here: a text has about one token in four bytes, as English has
// with today's vocabularies. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "openai/chat_message.h"
#include "workload/prompt_content.h"

namespace redline::planner {

struct PromptBlocks {
  int64_t num_tokens = 0;  // at least 1
  std::vector<workload::PromptPiece> pieces;
};

// Prompts that begin alike share the blocks up to there: 16 tokens each.
PromptBlocks BlocksOfIds(std::span<const int32_t> ids);
PromptBlocks BlocksOfText(std::string_view text);
// As a template would write them: roles and contents, one after the other.
PromptBlocks BlocksOfMessages(const std::vector<openai::ChatMessage>& messages);

}  // namespace redline::planner
