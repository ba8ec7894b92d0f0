// The strategies; tune.cc has their table. Each ends with TuneRun::Conclude.
#pragma once

#include "lab/tune/tune.h"
#include "lab/tune/tune_run.h"

namespace redline::lab {

Status Walk(TuneRun& run, const TuneInputs& inputs);
Status Race(TuneRun& run, const TuneInputs& inputs);
Status DrawAtRandom(TuneRun& run, const TuneInputs& inputs);

// From what was tried once to the winner: the best few are measured in turns, and what the winner
// has of flags is taken apart, one after the other, from its engine's default: flags that bring
// nothing that can be shown are left out.
Status FinishWith(TuneRun& run, const std::vector<TuneChoice>& best_first);

}  // namespace redline::lab
