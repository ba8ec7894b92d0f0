// A constraint on what comes after the reasoning: until </think> the model writes what it likes,
// save the end of the text. Without it a model that reasons first would reason in JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "text/constraint.h"

namespace redline::engine {

// What may come while the model reasons: every token but special ones and `eos_ids`; of special
// ones only </think>. One bit per token, as in Constraint::FillMask.
std::vector<uint32_t> ReasoningMask(const text::Tokenizer& tokenizer,
                                    std::span<const text::TokenId> eos_ids);

// `starts_inside`: the prompt ended with <think>; otherwise the answer may start with that token or
// with what `constraint` allows. `tokenizer` and `reasoning_mask` outlive the result.
std::unique_ptr<text::Constraint> AfterReasoning(std::unique_ptr<text::Constraint> constraint,
                                                 const text::Tokenizer* tokenizer,
                                                 std::span<const uint32_t> reasoning_mask,
                                                 bool starts_inside);

}  // namespace redline::engine
