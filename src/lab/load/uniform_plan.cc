#include "lab/load/uniform_plan.h"

namespace redline::lab {
namespace {

constexpr int32_t kFirstId = 1001;

}  // namespace

workload::PlannedRequest UniformPlan::At(size_t index) const {
  return {.index = static_cast<uint32_t>(index),
          .intended_s = rate_ > 0 ? static_cast<double>(index) / rate_ : -1,
          .input_tokens = input_tokens_,
          .output_tokens = output_tokens_,
          .session = static_cast<uint32_t>(index)};
}

void UniformPlan::AppendPromptNumbers(size_t, std::vector<uint32_t>& numbers) const {
  for (int32_t i = 0; i < input_tokens_; ++i)
    numbers.push_back(static_cast<uint32_t>(kFirstId + i));
}

void UniformPlan::AppendPieces(size_t, std::vector<workload::PromptPiece>& pieces) const {
  pieces.push_back({0, input_tokens_});
}

// Key 0 is the prompt's.
workload::PromptPiece UniformPlan::AnswerOf(size_t index) const {
  return {index + 1, output_tokens_};
}

UniformPrompts::UniformPrompts(int32_t input_tokens) : ids_("[") {
  for (int32_t i = 0; i < input_tokens; ++i)
    ids_ += (i > 0 ? "," : "") + std::to_string(kFirstId + i);
  ids_ += ']';
}

}  // namespace redline::lab
