// Who runs trials: real engines on this machine (app/engine_lab.h), virtual ones
// (virtual_lab.h), or a journal before either (journaled_lab.h).
#pragma once

#include <cstdint>
#include <optional>

#include "lab/tune/configuration.h"
#include "lab/tune/trial.h"

namespace redline::lab {

struct RunOrder {
  uint64_t seed = 1;      // decides the requests; another each time, or caches answer
  bool is_short = false;  // a part of the workload
};

// Owned by one thread. Whatever becomes of a configuration is in the answer, not in a Status: that
// is for what ends the whole run (kCancelled, a full disk).
class TrialLab {
 public:
  virtual ~TrialLab() = default;

  virtual Result<Checked> Check(const TuneConfiguration& configuration) = 0;
  // Of the goal's figure; nullopt: nobody can tell.
  virtual Result<std::optional<Forecast>> Predict(const TuneConfiguration& configuration) = 0;
  // Starts it where it is not up, which may end another.
  virtual Result<TrialRun> Measure(const TuneConfiguration& configuration,
                                   const RunOrder& order) = 0;
  virtual Result<GuardRun> Answer(const TuneConfiguration& configuration) = 0;
  // What a start takes, before any was seen. The same in every call.
  virtual double StartSeconds(const TuneConfiguration& configuration) const = 0;
};

}  // namespace redline::lab
