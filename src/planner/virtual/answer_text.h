// What virtual engines say: the same words over and over, each one token. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redline::planner {

// The token at a place of an answer.
std::string_view AnswerToken(int64_t index);
std::string AnswerText(int64_t num_tokens);

}  // namespace redline::planner
