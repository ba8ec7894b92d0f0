// Two configurations measured in turns until the interval of their ratio says which is better, or
// that nothing can be said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/tune/trial.h"

namespace redline::lab {

struct DuelRules {
  double confidence = 0.99;
  int64_t least_rounds = 3;
  int64_t most_rounds = 7;
  bool stops_early = true;  // once the interval excludes 1; else all rounds are run
  double effect = 0.02;     // gains below it are not worth more rounds
};

enum class DuelVerdict {
  kBetter,  // the challenger
  kWorse,
  kNoDifferenceShown,
  kFault,  // one of them gave no figures
  kOutOfBudget,
};

struct DuelResult {
  DuelVerdict verdict = DuelVerdict::kNoDifferenceShown;
  double ratio = 0;  // challenger's value / incumbent's; 0: not known
  double low = 0;    // of its interval; low == high == 0: there is none
  double high = 0;
  double confidence = 0;
  std::vector<double> incumbent;  // values, by round
  std::vector<double> challenger;
  TrialFault fault = TrialFault::kNone;
  bool incumbent_failed = false;  // else the challenger did
  std::string reason;             // in words
};

// "x1.31 (1.22 to 1.40, 99%, 5 rounds)".
std::string RatioText(const DuelResult& duel);
// Sets verdict, interval and reason from the values. Pure.
void Judge(const DuelRules& rules, DuelResult& duel);
// Whether another round would be worth it. Pure.
bool WantsAnotherRound(const DuelRules& rules, const DuelResult& duel);

}  // namespace redline::lab
