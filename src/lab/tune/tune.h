// The tuner: from a space of engines and flags to a configuration that was shown to be better than
// the baseline, with what every step brought. docs/tuning.md says how.
#pragma once

#include <vector>

#include "base/status.h"
#include "lab/tune/trial_lab.h"
#include "lab/tune/tune_options.h"
#include "lab/tune/tune_result.h"
#include "lab/tune/tune_space.h"

namespace redline::lab {

struct TuneInputs {
  const TuneSpace& space;
  // What may be worth a trial, for race and random, best forecast first; the walk finds its own
  // way.
  const std::vector<TuneChoice>& proposals;
  size_t baseline_engine = 0;  // the baseline is its default
};

// Blocking. What is not run: kFailedPrecondition when the baseline does not run; the errors of the
// lab (a full disk). A run that is stopped (kCancelled) gives what is known, incomplete.
Result<TuneResult> Tune(const TuneInputs& inputs, TrialLab& lab, const TuneOptions& options);

}  // namespace redline::lab
