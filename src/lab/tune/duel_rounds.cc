#include "lab/tune/duel_rounds.h"

#include <fmt/format.h>

namespace redline::lab {
namespace {

constexpr size_t kLeastRounds = 3;  // for an interval

void NoteFault(const TrialRun& run, DuelSide side, DuelResult& duel) {
  duel.verdict = DuelVerdict::kFault;
  duel.fault = run.fault;
  duel.incumbent_failed = side == DuelSide::kIncumbent;
  duel.reason = fmt::format("{}: {}", NameOf(run.fault), run.reason);
}

}  // namespace

Result<DuelResult> RunDuel(const DuelRules& rules, TuneGoal goal, const DuelRunner& runner) {
  DuelResult duel;
  Judge(rules, duel);
  while (WantsAnotherRound(rules, duel)) {
    if (runner.is_out_of_time()) {
      if (duel.challenger.size() < kLeastRounds) duel.verdict = DuelVerdict::kOutOfBudget;
      duel.reason += "; out of time (--max-time)";
      return duel;
    }
    const RunOrder order{.seed = runner.next_seed()};
    const bool challenger_first = duel.challenger.size() % 2 == 1;
    for (const bool is_challenger : {challenger_first, !challenger_first}) {
      const DuelSide side = is_challenger ? DuelSide::kChallenger : DuelSide::kIncumbent;
      RL_ASSIGN_OR_RETURN(const TrialRun run, runner.measure(side, order));
      if (run.fault != TrialFault::kNone) {
        NoteFault(run, side, duel);
        return duel;
      }
      (is_challenger ? duel.challenger : duel.incumbent).push_back(ValueOf(run, goal));
    }
    Judge(rules, duel);
  }
  return duel;
}

}  // namespace redline::lab
