// What a step of an engine on a CPU takes: a sum of counts times coefficients that a calibration
// run on the machine itself measured. Plain values and pure functions; the cost is immutable and
// thread-safe.
//
//   step                      host work of a step, and reading the weights once
//   row_to_4 ... row_beyond   arithmetic of the layers for one more token of a step, by how many
//                             there are: kernels change from small to large batches
//   sampled_row               head, sampling, detokenizing and sending of one token
//   decode_context            one token of the context that a decode sees
//   padded_context            one token of others' contexts that a decode passes over, where all
//                             requests share one cache (llama.cpp)
//   prefill_pair              one token of context that one token of a prompt sees
//   prompt                    a prompt, or a piece of one
//   request                   serial work of the front end for a request
//   answer                    from the end of a step until the client has its first token
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/cost/explained_step_cost.h"

namespace redline::planner {

enum class CpuCost : uint8_t {
  kStep,
  kRowTo4,
  kRowTo16,
  kRowTo64,
  kRowTo256,
  kRowBeyond,
  kSampledRow,
  kDecodeContext,
  kPaddedContext,
  kPrefillPair,
  kPrompt,
  kRequest,
  kAnswer,
  kCount,
};
inline constexpr size_t kNumCpuCosts = static_cast<size_t>(CpuCost::kCount);
inline constexpr size_t kNumRowCosts = 5;

// Microseconds; each at least 0.
struct CpuCosts {
  std::array<double, kNumCpuCosts> us{};

  double& operator[](CpuCost cost) { return us[static_cast<size_t>(cost)]; }
  double operator[](CpuCost cost) const { return us[static_cast<size_t>(cost)]; }
};

std::string_view NameOf(CpuCost cost);  // "row_to_4"

class CpuStepCost : public ExplainedStepCost {
 public:
  explicit CpuStepCost(const CpuCosts& costs, std::vector<std::string> notes = {})
      : costs_(costs), notes_(std::move(notes)) {}

  // Of ranks that step on their own there is one.
  double SecondsOf(std::span<const RankStep> ranks) const override;
  OperationTimes TimesOf(std::span<const RankStep> ranks) const override;
  const std::vector<std::string>& notes() const override { return notes_; }

 private:
  OperationTimes TimesOfRank(const RankStep& rank) const;

  const CpuCosts costs_;
  const std::vector<std::string> notes_;
};

}  // namespace redline::planner
