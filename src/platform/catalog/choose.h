// Which profile of a model runs on a node, with which parameters, and whether it fits: pure
// functions with their reasons in words.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"
#include "platform/catalog/catalog.h"

namespace redline::platform {

// A node as the chooser sees it.
struct Node {
  std::string name;         // for messages
  bool is_virtual = false;  // its engines are simulated
  // What a new engine may use: of GPUs, those that no engine has claimed.
  backends::HardwareFacts hardware;
  // Of a node whose `hardware` is GPUs: engines for CPUs run on it, too.
  std::optional<backends::HardwareFacts> cpu = std::nullopt;
  int64_t num_claimed_gpus = 0;
  std::string driver = {};  // of the GPUs; "": not known

  // What a profile for `device` would run on.
  const backends::HardwareFacts& HardwareFor(std::string_view device) const;
};

struct Fit {
  bool fits = false;
  int64_t needed_bytes = 0;     // of one replica: the sum of the terms
  int64_t available_bytes = 0;  // on the node
  std::string worker;           // the node's name; empty: there is none
  bool is_virtual = false;      // so is the node
  std::vector<backends::MemoryTerm> terms;
  std::string message;  // one line: the sum against what there is, or everything that is in the way
};

// A profile that was not chosen.
struct Alternative {
  std::string profile;
  std::string goal;  // "": not told
  bool fits = false;
  std::string reason;  // why it is not the one, a sentence's end
};

struct Choice {
  std::string profile;
  spec::EngineConfig engine;     // requested and resolved
  spec::GpuClaim gpus;           // that a replica takes; count 0: it runs on the CPU
  std::vector<std::string> why;  // sentences
  spec::Evidence evidence;       // with what is stale of it on this node
  // Those for this hardware and goal that were tried before, and the next that would fit.
  std::vector<Alternative> alternatives;
};

// What a user may ask for beyond the model.
struct Wishes {
  std::string profile;          // empty: the first that matches and fits
  std::string goal;             // that the profile is for; empty: any
  spec::Parameters parameters;  // over the profile's
  // An engine with its own command line instead of a profile.
  std::string engine;  // "vllm@0.13.0"; without a version its default; "": the profile's
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

struct Assessment {
  Fit fit;
  std::optional<Choice> choice;  // there is one exactly when it fits
};

// On a node with GPUs, profiles for them come before those for its CPU, of these a user's before
// the library's, and those for more GPUs before those for fewer. kNotFound for an unknown profile,
// or none for the goal; kInvalidArgument for parameters or arguments of the user that the engine
// refuses. That nothing fits is no error: `fit` says why.
Result<Assessment> Assess(const CatalogEntry& entry, const Node& node, const Wishes& wishes);

// Why the profile is not for this hardware; empty: it is.
std::string HardwareMismatch(const spec::HardwareMatch& match,
                             const backends::HardwareFacts& hardware);

// Why `next`, which would fit as well, comes after the chosen one: a sentence's end.
std::string WhyNext(const CatalogEntry& entry, const spec::Profile& chosen,
                    const spec::Profile& next);

// The parameters a profile gives with the user's over them.
spec::Parameters MergeParameters(const spec::Parameters& profile, const spec::Parameters& user);

}  // namespace redline::platform
