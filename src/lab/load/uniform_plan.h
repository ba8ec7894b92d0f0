// A plan of requests that are all alike, and prompts of token ids for it: what the client is
// checked with. Const after they are made.
#pragma once

#include <string>
#include <vector>

#include "workload/prompt_writer.h"
#include "workload/request_plan.h"

namespace redline::lab {

class UniformPlan : public workload::RequestPlan {
 public:
  // rate: requests per second at equal distances; 0: a closed loop.
  UniformPlan(size_t num_requests, int32_t input_tokens, int32_t output_tokens, double rate = 0)
      : num_requests_(num_requests),
        input_tokens_(input_tokens),
        output_tokens_(output_tokens),
        rate_(rate) {}

  size_t size() const override { return num_requests_; }
  workload::PlannedRequest At(size_t index) const override;
  void AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const override;
  void AppendPieces(size_t index, std::vector<workload::PromptPiece>& pieces) const override;
  workload::PromptPiece AnswerOf(size_t index) const override;
  std::string TextOf(size_t) const override { return {}; }

 private:
  size_t num_requests_;
  int32_t input_tokens_;
  int32_t output_tokens_;
  double rate_;
};

// "[1001,1002,...]", the same for every request.
class UniformPrompts : public workload::PromptWriter {
 public:
  explicit UniformPrompts(int32_t input_tokens);
  void AppendJson(const workload::RequestPlan&, size_t, std::string& json) const override {
    json += ids_;
  }

 private:
  std::string ids_;
};

}  // namespace redline::lab
