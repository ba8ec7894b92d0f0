#include "planner/virtual/answer_text.h"

#include <array>

namespace redline::planner {
namespace {

constexpr std::array<std::string_view, 16> kTokens = {
    "This",  " engine", " is", " virtual", ":",    " its", " timing", " is",
    " that", " of",     " a",  " real",    " one", ",",    " its",    " words are not.\n"};

}  // namespace

std::string_view AnswerToken(int64_t index) {
  return kTokens[static_cast<size_t>(index) % kTokens.size()];
}

std::string AnswerText(int64_t num_tokens) {
  std::string text;
  for (int64_t index = 0; index < num_tokens; ++index) text += AnswerToken(index);
  return text;
}

}  // namespace redline::planner
