// A plan written down in a test, and a cost that is easy to add up by hand.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "planner/step_cost.h"
#include "workload/request_plan.h"

namespace redline::planner {

// Pieces: the session's prompts and answers so far. Set `shared_tokens` for a common beginning.
class TablePlan : public workload::RequestPlan {
 public:
  struct Row {
    int32_t input_tokens = 1;
    int32_t output_tokens = 1;
    double intended_s = 0;  // negative: closed loop
    uint32_t session = 0;   // rows of one session follow each other
    uint32_t turn = 0;
    float think_s = 0;
  };

  explicit TablePlan(std::vector<Row> rows, int64_t shared_tokens = 0)
      : rows_(std::move(rows)), shared_tokens_(shared_tokens) {}

  size_t size() const override { return rows_.size(); }
  workload::PlannedRequest At(size_t index) const override {
    const Row& row = rows_[index];
    return {.index = static_cast<uint32_t>(index),
            .intended_s = row.intended_s,
            .input_tokens = row.input_tokens,
            .output_tokens = row.output_tokens,
            .session = row.session,
            .turn = row.turn,
            .think_s = row.think_s};
  }
  void AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const override {
    std::vector<workload::PromptPiece> pieces;
    AppendPieces(index, pieces);
    for (const auto& piece : pieces) workload::AppendNumbers(piece, numbers);
  }
  void AppendPieces(size_t index, std::vector<workload::PromptPiece>& pieces) const override {
    pieces.push_back({0, shared_tokens_});
    int64_t before = shared_tokens_;
    for (size_t turn = index - rows_[index].turn; turn <= index; ++turn) {
      pieces.push_back({2 * turn + 1, rows_[turn].input_tokens - before});
      if (turn < index) pieces.push_back(AnswerOf(turn));
      before = int64_t{rows_[turn].input_tokens} + rows_[turn].output_tokens;
    }
  }
  workload::PromptPiece AnswerOf(size_t index) const override {
    return {2 * index + 2, rows_[index].output_tokens};
  }
  std::string TextOf(size_t) const override { return {}; }

 private:
  const std::vector<Row> rows_;
  const int64_t shared_tokens_;
};

// 0.1 s for each token of a prompt, 1 s for decodes however many; the slowest rank decides.
class HandCost : public StepCost {
 public:
  double SecondsOf(std::span<const RankStep> ranks) const override {
    double slowest = 0;
    for (const RankStep& rank : ranks) {
      double seconds = rank.decode_requests > 0 ? 1 : 0;
      for (const PrefillChunk& chunk : rank.prefill)
        seconds += 0.1 * static_cast<double>(chunk.new_tokens);
      slowest = std::max(slowest, seconds);
    }
    return slowest;
  }
};

}  // namespace redline::planner
