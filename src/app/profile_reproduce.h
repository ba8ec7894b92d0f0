// `redline profile reproduce`: winner and baseline in turns again, as the evidence says.
#pragma once

#include <string>

#include "app/command.h"
#include "base/status.h"
#include "lab/tune/duel.h"
#include "platform/catalog/catalog.h"
#include "spec/profile.h"

namespace redline::app {

struct PublishedRatio {
  double low = 0;
  double high = 0;
};

struct Reproduction {
  bool is_reproduced = false;
  std::string reason;  // a sentence
};

// Reproduced: the profile is better again, and the two intervals have a part in common. Pure.
Reproduction JudgeReproduction(const PublishedRatio& published, const lab::DuelResult& duel);

// Runs both on this machine and prints what came out. kFailedPrecondition for evidence that does
// not say what was run; kInternal, which is exit status 1, where it is not reproduced.
Status ReproduceProfile(const Arguments& arguments, const platform::CatalogEntry& entry,
                        const spec::Profile& profile);

}  // namespace redline::app
