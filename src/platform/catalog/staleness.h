// Whether a profile's evidence still says something about what would run now, and evidence in
// words. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/catalog/choose.h"
#include "spec/profile.h"

namespace redline::platform {

// What would run the profile now. "" and 0: not known, and held against nothing.
struct Surroundings {
  std::string engine;        // "native@0.1.0"
  std::string device_model;  // "NVIDIA H200", the name of the processor
  int64_t num_devices = 0;   // of a CPU: hardware threads
  std::string driver;        // of GPUs: "580.82.07"
};

// The engine that the profile would be run by; with a node, its devices, too.
Surroundings SurroundingsOf(const spec::Profile& profile, const Node* node);

// Why the evidence may no longer hold, a sentence each; empty: nothing is known to have changed, or
// there is no evidence. What the evidence does not record is not compared.
std::vector<std::string> StaleReasons(const spec::Profile& profile, const Surroundings& now);

// "Evidence: ...", its flaws, and why it is stale, a sentence each.
std::vector<std::string> EvidenceSentences(const spec::Evidence& evidence);

}  // namespace redline::platform
