// What each flag of an argument list does to what the engine runs: the list resolved again without
// it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backends/resolution.h"

namespace redline::backends {

// A resolved field that is another with the flag than without it.
struct FieldChange {
  std::string field;  // a path: "parallel.tensor_parallel_size"
  nlohmann::json without;
  nlohmann::json with;
};

struct FlagEffect {
  std::vector<std::string> words;  // "--tp-size", "8"
  // The resolved field that the flag sets: "tp_size". "": the resolver does not tell it, as the
  // engine's HTTP front end alone reads it; no change is then no proof of no effect.
  std::string field;
  std::vector<FieldChange> changes;  // in the order of the paths
  // The engine would not start without the flag, and why.
  std::optional<std::string> needed;

  bool HasNoEffect() const { return !field.empty() && changes.empty() && !needed; }
};

// One per flag of the list, in its order, without those that name the model. `resolution` is what
// the request resolves to, and has no error. Resolves once per flag.
std::vector<FlagEffect> ExplainFlags(const EngineResolver& resolver, const ResolveRequest& request,
                                     const EngineResolution& resolution);

}  // namespace redline::backends
