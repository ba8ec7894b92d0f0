// The rounds of a duel: both sides measured in turns, on the same requests.
#pragma once

#include <cstdint>
#include <functional>

#include "lab/tune/duel.h"
#include "lab/tune/trial_lab.h"
#include "lab/tune/tune_options.h"

namespace redline::lab {

enum class DuelSide { kIncumbent, kChallenger };

struct DuelRunner {
  std::function<uint64_t()> next_seed;  // of a round's requests
  std::function<Result<TrialRun>(DuelSide side, const RunOrder& order)> measure;
  std::function<bool()> is_out_of_time;  // asked before each round
};

// A B, B A, ... until WantsAnotherRound() says no, the time is over, or a side gave no figures. The
// errors are those of `measure`.
Result<DuelResult> RunDuel(const DuelRules& rules, TuneGoal goal, const DuelRunner& runner);

}  // namespace redline::lab
