#include "planner/simulate/step_group.h"

namespace redline::planner {

std::span<const RankStep> StepGroup::NextStep() {
  if (rank_ == kAllRanks) return engine_.NextStep();
  step_ = engine_.rank(rank_).NextStep();
  return step_.is_idle() ? std::span<const RankStep>() : std::span<const RankStep>(&step_, 1);
}

void StepGroup::Complete(std::vector<RequestEvent>* events) {
  end_s_ = kIdle;
  if (rank_ == kAllRanks) return engine_.Complete(events);
  engine_.rank(rank_).Complete(events);
}

void CountStep(std::span<const RankStep> ranks, double seconds, SimulationResult& result) {
  int64_t prefill_tokens = 0;
  int64_t decode_requests = 0;
  for (const RankStep& rank : ranks) {
    for (const PrefillChunk& chunk : rank.prefill) prefill_tokens += chunk.new_tokens;
    decode_requests += rank.decode_requests;
  }
  StepTotals& totals = prefill_tokens == 0    ? result.decode
                       : decode_requests == 0 ? result.prefill
                                              : result.mixed;
  ++totals.num_steps;
  totals.seconds += seconds;
  totals.prefill_tokens += prefill_tokens;
  totals.decode_requests += decode_requests;
}

}  // namespace redline::planner
