// From what `redline tune` found to a profile with its evidence. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/status.h"
#include "platform/catalog/catalog.h"

namespace redline::platform {

struct PublishWishes {
  std::string name;              // "": made of goal and workload
  std::string goal;              // that it is published for; "": the one that it was tuned for
  std::string source;            // where the numbers lie, for people: a folder, a job
  bool accepts_virtual = false;  // the evidence of a virtual run, as predicted
};

struct TunedProfile {
  const CatalogEntry* entry = nullptr;  // of the catalog
  spec::Profile profile;                // as CheckProfile() leaves it
};

// `result`: a result.json, which may be anybody's. kFailedPrecondition where no winner was shown,
// and for a virtual run that is not accepted; kInvalidArgument, with the field, for what is no
// result; kNotFound for a model that is not in the library.
Result<TunedProfile> ProfileOfTuneResult(const Catalog& catalog, const nlohmann::json& result,
                                         const PublishWishes& wishes);

// "sglang@0.5.6.post2" and its words as an engine configuration: of the native engine the words
// are parameters and the version, which is this product's, is left out.
Result<spec::EngineConfig> ConfigOfWords(const std::string& engine,
                                         const std::vector<std::string>& words,
                                         const std::map<std::string, std::string>& environment);

}  // namespace redline::platform
